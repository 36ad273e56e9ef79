"""Verify on a real registry: what is sound passes, each thing that is missing or moved is told apart."""

import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from real_registry import RealRegistry
from released_sets import A, B, client, file_release, filed, forge, move_to, overwrite, released
from tiny_images import push_image

from pipeline.registry.channels import Entry
from pipeline.registry.documents.evidence import evidence_tag, find_evidence, put_evidence
from pipeline.registry.documents.record import Released
from pipeline.registry.documents.seals import seal, seal_tag
from pipeline.registry.documents.signing import Signer, Trust, load_signer
from pipeline.registry.oci.client import Registry
from pipeline.registry.verify import Checked, Expected, verify

pytestmark = pytest.mark.integration
Spoil = Callable[[Registry, str], Awaitable[None]]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return new_signer(tmp_path_factory.mktemp("key"))


def new_signer(folder: Path) -> Signer:
    path = folder / "signing.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(path)], check=True)
    return load_signer(path.read_bytes())


async def unit_of(registry: Registry, org: str, name: str) -> Released:
    [unit] = [unit for unit in (await filed(registry, org, A)).record.units if unit.name == name]
    return unit


async def verified(
    real: RealRegistry, org: str, *, expected: dict[str, Expected] | None = None, trust: Trust | None = None
) -> Checked:
    """What a fresh client finds: nothing of what was written is remembered."""
    async with client(real) as registry:
        return await verify(registry, f"{org}/release", A, expected=expected, trust=trust)


def expected_of(units: list[Released]) -> dict[str, Expected]:
    """What the source says, where nothing changed since."""
    return {
        unit.name: Expected(
            build_key=unit.build_key, services=tuple(unit.evidence), labels={"c": f"{unit.name} {A}"}
        )
        for unit in units
    }


async def test_a_release_is_verified_also_after_it_was_deployed(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    units = await released(registry, org, A, own=True)
    checked = await verified(real, org, expected=expected_of(units))
    assert (checked.outcome, checked.problems) == ("verified", ())
    await move_to(registry, org, A)
    assert (await verified(real, org)).outcome == "verified"


async def image_gone(registry: Registry, org: str) -> None:
    unit = await unit_of(registry, org, "two")
    await registry.delete(unit.repository, unit.digest)


async def record_gone(registry: Registry, org: str) -> None:
    await registry.delete(f"{org}/release", (await filed(registry, org, A)).digest)


async def evidence_gone(registry: Registry, org: str) -> None:
    unit = await unit_of(registry, org, "one")
    digest = await registry.resolve(unit.repository, evidence_tag(unit.evidence["one"]))
    await registry.delete(unit.repository, digest or "")


async def name_moved(registry: Registry, org: str) -> None:
    await overwrite(registry, org, "one", A)


async def candidate_moved(registry: Registry, org: str) -> None:
    unit = await unit_of(registry, org, "one")
    await overwrite(registry, org, "one", f"key-{unit.build_key}")


async def others_evidence(registry: Registry, org: str) -> None:
    unit = await unit_of(registry, org, "one")
    key = unit.evidence["one"]
    found = await find_evidence(registry, unit.repository, key, unit.digest)
    assert found is not None
    await put_evidence(registry, unit.repository, replace(found, digest="sha256:" + "0" * 64))


async def no_evidence_there(registry: Registry, org: str) -> None:
    unit = await unit_of(registry, org, "one")
    await overwrite(registry, org, "one", evidence_tag(unit.evidence["one"]))


async def others_record(registry: Registry, org: str) -> None:
    await released(registry, org, B)
    manifest = await registry.manifest(f"{org}/release", B)
    assert manifest is not None
    await registry.put_manifest(f"{org}/release", A, manifest)


async def no_record_there(registry: Registry, org: str) -> None:
    await overwrite(registry, org, "release", A)


async def another_deployed(registry: Registry, org: str) -> None:
    entry = Entry(
        channel="canary", number=1, tag=A, record="sha256:" + "1" * 64, action="promote", returns=0, before=""
    )
    await forge(registry, org, entry)


@pytest.mark.parametrize(
    ("spoil", "outcome", "told"),
    [
        pytest.param(image_gone, "incomplete", "is not in the registry", id="image gone"),
        pytest.param(record_gone, "incomplete", "there is no record", id="record gone"),
        pytest.param(evidence_gone, "incomplete", "its evidence is gone", id="evidence gone"),
        pytest.param(name_moved, "tampered", f"its name {A} is sha256:", id="name moved"),
        pytest.param(candidate_moved, "tampered", "the candidate of its build key is", id="candidate moved"),
        pytest.param(
            others_evidence, "tampered", "its evidence is about sha256:000", id="evidence of another"
        ),
        pytest.param(no_evidence_there, "tampered", "did not write", id="no evidence there"),
        pytest.param(others_record, "tampered", f"its record is the one of {B}", id="record of another"),
        pytest.param(no_record_there, "tampered", "did not write", id="no record there"),
        pytest.param(another_deployed, "tampered", "another record was deployed", id="another deployed"),
    ],
)
async def test_what_is_missing_is_told_apart_from_what_was_moved(
    registry: Registry, real: RealRegistry, org: str, spoil: Spoil, outcome: str, told: str
) -> None:
    await released(registry, org, A, own=True)
    assert (await verified(real, org)).outcome == "verified"
    await spoil(registry, org)
    checked = await verified(real, org)
    assert checked.outcome == outcome
    assert any(told in problem.what for problem in checked.problems), checked.problems


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"build_key": "f" * 64}, "build keys from this source are others", id="key"),
        pytest.param({"labels": {"c": "another"}}, "its labels differ: c", id="label"),
        pytest.param({"services": ("one", "more")}, "no smoke test of it is recorded", id="service"),
    ],
)
async def test_what_the_source_says_otherwise_is_incomplete(
    registry: Registry, real: RealRegistry, org: str, change: dict[str, object], told: str
) -> None:
    expected = expected_of(await released(registry, org, A, own=True))
    changed = {**expected, "one": replace(expected["one"], **change)}
    checked = await verified(real, org, expected=changed)
    assert [problem.what for problem in checked.problems if told in problem.what]
    assert (checked.outcome, len(checked.problems)) == ("incomplete", 1)


async def test_an_image_that_has_no_label_at_all_lacks_those_of_the_source(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    repository, key = f"{org}/bare", "f" * 64
    digest = await push_image(registry, repository, A, content="bare", labelled=False)
    unit = Released(kind="image", name="bare", repository=repository, digest=digest, build_key=key)
    await file_release(registry, org, A, [unit])
    checked = await verified(real, org, expected={"bare": Expected(build_key=key, labels={"c": "bare"})})
    assert "its labels differ: c" in [problem.what for problem in checked.problems]


async def sign(registry: Registry, org: str, signer: Signer) -> None:
    record = await filed(registry, org, A)
    for unit in record.record.units:
        for key in unit.evidence.values():
            found = await find_evidence(registry, unit.repository, key, unit.digest)
            assert found is not None
            await put_evidence(registry, unit.repository, found, signer=signer)
    await seal(registry, f"{org}/release", tag=A, digest=record.digest, signer=signer)


async def test_with_a_public_key_only_what_it_signed_counts(
    registry: Registry, real: RealRegistry, org: str, signer: Signer, tmp_path: Path
) -> None:
    await released(registry, org, A, own=True)
    trust = Trust(public=signer.public)
    unsigned = await verified(real, org, trust=trust)
    assert unsigned.outcome == "incomplete"
    assert [p.what for p in unsigned.problems] == ["its evidence is not signed"] * 3 + [
        "its record is not signed"
    ]
    await sign(registry, org, signer)
    assert (await verified(real, org, trust=trust)).outcome == "verified"
    assert (await verified(real, org)).outcome == "verified"
    await sign(registry, org, new_signer(tmp_path))
    forged = await verified(real, org, trust=trust)
    assert forged.outcome == "tampered"
    assert len(forged.problems) == 4


async def test_the_signature_of_another_record_does_not_count(
    registry: Registry, real: RealRegistry, org: str, signer: Signer
) -> None:
    await released(registry, org, A, own=True)
    await sign(registry, org, signer)
    await released(registry, org, B)
    other = await filed(registry, org, B)
    await seal(registry, f"{org}/release", tag=B, digest=other.digest, signer=signer)
    manifest = await registry.manifest(f"{org}/release", seal_tag(other.digest))
    assert manifest is not None
    await registry.put_manifest(f"{org}/release", seal_tag((await filed(registry, org, A)).digest), manifest)
    checked = await verified(real, org, trust=Trust(public=signer.public))
    assert (checked.outcome, [p.what for p in checked.problems]) == (
        "tampered",
        ["the signature is of another record"],
    )


async def test_entries_of_channels_are_signed_too(
    registry: Registry, real: RealRegistry, org: str, signer: Signer, tmp_path: Path
) -> None:
    await released(registry, org, A, own=True)
    await sign(registry, org, signer)
    trust = Trust(public=signer.public)
    await move_to(registry, org, A)
    unsigned = await verified(real, org, trust=trust)
    assert (unsigned.outcome, [(p.subject, p.what) for p in unsigned.problems]) == (
        "incomplete",
        [("channel-canary.1", "its entry is not signed")],
    )
    assert not (await move_to(registry, org, A, signer=signer)).changed  # it is mended by repeating
    await move_to(registry, org, A, channel="stable", signer=signer)
    assert (await verified(real, org, trust=trust)).problems == ()
    await move_to(registry, org, A, signer=new_signer(tmp_path))
    forged = await verified(real, org, trust=trust)
    assert (forged.outcome, [p.subject for p in forged.problems]) == ("tampered", ["channel-canary.1"])
