"""The tag phase on a real registry: what is named, what is refused, and that refusals touch nothing."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
import pytest
from real_registry import RealRegistry
from tiny_images import hex_of, push_candidate, push_image
from unhurried import Unhurried

from pipeline.errors import ReleaseError
from pipeline.registry.documents.artifacts import put_document
from pipeline.registry.documents.candidates import candidate_tag
from pipeline.registry.documents.record import RECORD_TYPE, Facts, Released
from pipeline.registry.oci.client import Registry
from pipeline.registry.tag_phase.release import release

pytestmark = pytest.mark.integration

TAG = "20250810-9c99cc9"
QUICK = Unhurried()
FACTS = Facts(fleet="mainpc", commit="9c99cc9" + "0" * 33, commit_date="2025-08-10T12:00:00Z")
Spoil = Callable[[Registry, list[Released]], Awaitable[list[Released]]]
NOWHERE = f"sha256:{'0' * 64}"


@pytest.fixture
async def units(registry: Registry, org: str) -> list[Released]:
    family = await push_candidate(registry, org, "family", content="1", kind="family")
    return [family, *[await push_candidate(registry, org, name, content="1") for name in ("a", "b", "c")]]


async def test_a_release_names_every_candidate_and_then_itself(
    registry: Registry, real: RealRegistry, units: list[Released], org: str
) -> None:
    names = await release(registry, f"{org}/release", TAG, units, FACTS, timing=QUICK)
    there = real.everything(org)
    assert [there[unit.repository][TAG] for unit in units] == [unit.digest for unit in units]
    assert names == (
        *(f"{real.host}/{unit.repository}:{TAG}@{unit.digest}" for unit in units),
        f"{real.host}/{org}/release:{TAG}@{there[f'{org}/release'][TAG]}",
    )
    accept = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.loads(real.get(f"{org}/release/manifests/{TAG}", accept=accept)[1])
    record = json.loads(real.get(f"{org}/release/blobs/{manifest['layers'][0]['digest']}")[1])
    assert manifest["artifactType"] == RECORD_TYPE
    assert (record["tag"], record["commit"], record["commitDate"]) == (TAG, FACTS.commit, FACTS.commit_date)
    assert [family["name"] for family in record["families"]] == ["family"]
    assert record["images"][0] == {
        "name": "a",
        "repository": f"{org}/a",
        "digest": units[1].digest,
        "buildKey": units[1].build_key,
        "evidence": dict(units[1].evidence),
    }


async def test_the_same_release_again_changes_nothing(
    registry: Registry, real: RealRegistry, units: list[Released], org: str
) -> None:
    first = await release(registry, f"{org}/release", TAG, units, FACTS, timing=QUICK)
    before = real.everything(org)
    again = await release(registry, f"{org}/release", TAG, units[::-1], FACTS, timing=QUICK)
    assert sorted(again) == sorted(first)
    assert real.everything(org) == before


async def test_an_interrupted_release_is_finished(
    registry: Registry, real: RealRegistry, units: list[Released], org: str
) -> None:
    manifest = await registry.manifest(units[2].repository, units[2].digest)
    assert manifest is not None
    await registry.put_manifest(units[2].repository, TAG, manifest)
    await release(registry, f"{org}/release", TAG, units, FACTS, timing=QUICK)
    assert [real.tags(unit.repository)[TAG] for unit in units] == [unit.digest for unit in units]
    assert TAG in real.tags(f"{org}/release")


async def test_two_equal_releases_at_once_both_succeed(
    registry: Registry, real: RealRegistry, units: list[Released], org: str
) -> None:
    results: list[tuple[str, ...]] = []

    async def one() -> None:
        async with Registry(real.host) as own:
            results.append(await release(own, f"{org}/release", TAG, units, FACTS, timing=QUICK))

    async with anyio.create_task_group() as group:
        group.start_soon(one)
        group.start_soon(one)
    assert results[0] == results[1]


async def test_a_family_published_elsewhere_is_recorded_but_not_named(
    registry: Registry, real: RealRegistry, units: list[Released], org: str
) -> None:
    digest = await push_image(registry, f"{org}/theirs", "20240101-abcdef0", content="theirs")
    theirs = Released(kind="family", name="theirs", repository=f"{org}/theirs", digest=digest)
    names = await release(registry, f"{org}/release", TAG, [theirs, *units[1:]], FACTS, timing=QUICK)
    assert set(real.tags(f"{org}/theirs")) == {"20240101-abcdef0"}
    assert not [name for name in names if "theirs" in name]


def records_of(units: list[Released]) -> str:
    return f"{units[0].repository.partition('/')[0]}/release"


async def taken(registry: Registry, units: list[Released]) -> list[Released]:
    await push_image(registry, units[3].repository, TAG, content="someone else's")
    return units


async def recorded(registry: Registry, units: list[Released]) -> list[Released]:
    document = {
        "version": 1,
        "fleet": "mainpc",
        "tag": TAG,
        "commit": "",
        "commitDate": "",
        "families": [],
        "images": [],
    }
    await put_document(
        registry, records_of(units), TAG, document, artifact_type=RECORD_TYPE, media_type=RECORD_TYPE
    )
    return units


async def illegible(registry: Registry, units: list[Released]) -> list[Released]:
    document = {"version": 99}
    await put_document(
        registry, records_of(units), TAG, document, artifact_type=RECORD_TYPE, media_type=RECORD_TYPE
    )
    return units


async def missing(_registry: Registry, units: list[Released]) -> list[Released]:
    return [*units[:3], replace(units[3], digest=NOWHERE)]


async def no_candidate(_registry: Registry, units: list[Released]) -> list[Released]:
    return [*units[:3], replace(units[3], build_key=hex_of("never built"))]


async def other_candidate(registry: Registry, units: list[Released]) -> list[Released]:
    await push_image(registry, units[3].repository, candidate_tag(units[3].build_key), content="moved")
    return units


async def no_evidence(_registry: Registry, units: list[Released]) -> list[Released]:
    return [*units[:3], replace(units[3], evidence={"c": hex_of("never tested")})]


async def others_evidence(registry: Registry, units: list[Released]) -> list[Released]:
    untested = await push_candidate(registry, units[3].repository.partition("/")[0], "c", content="2")
    return [*units[:3], replace(untested, evidence=units[3].evidence)]


async def nothing(_registry: Registry, _units: list[Released]) -> list[Released]:
    return []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(taken, "/c:20250810-9c99cc9 is sha256:", id="tag is taken"),
        pytest.param(
            recorded,
            "recorded with other digests: org.*/a is not in it, not sha256:",
            id="record of something else",
        ),
        pytest.param(illegible, "record cannot be read", id="record of another version"),
        pytest.param(missing, "is not in the registry", id="digest is missing"),
        pytest.param(no_candidate, "the candidate of build key", id="no candidate"),
        pytest.param(other_candidate, "the candidate of build key", id="candidate is another"),
        pytest.param(no_evidence, "no evidence that c passed", id="no evidence"),
        pytest.param(others_evidence, "no evidence that c passed", id="evidence of another digest"),
        pytest.param(nothing, "nothing to release", id="nothing"),
    ],
)
async def test_a_release_is_refused_before_anything_is_written(
    registry: Registry,
    real: RealRegistry,
    units: list[Released],
    org: str,
    spoil: Spoil,
    told: str,
) -> None:
    spoiled = await spoil(registry, units)
    before = real.everything(org)
    with pytest.raises(ReleaseError, match=told) as raised:
        await release(registry, f"{org}/release", TAG, spoiled, FACTS, timing=QUICK)
    assert real.everything(org) == before
    assert raised.value.consequence == "no name was given"


async def test_a_taken_tag_is_told_with_both_digests_and_what_to_do(
    registry: Registry, units: list[Released], org: str
) -> None:
    theirs = await push_image(registry, units[1].repository, TAG, content="theirs")
    with pytest.raises(ReleaseError) as raised:
        await release(registry, f"{org}/release", TAG, units, FACTS, timing=QUICK)
    assert theirs in str(raised.value)
    assert units[1].digest in str(raised.value)
    assert "suffix .N" in raised.value.next_step


@pytest.mark.parametrize("tag", ["", "a b", "../x", "x" * 129, "ä"])
async def test_what_is_no_tag_is_refused(
    registry: Registry, units: list[Released], org: str, tag: str
) -> None:
    with pytest.raises(ReleaseError, match="is no tag"):
        await release(registry, f"{org}/release", tag, units, FACTS, timing=QUICK)
