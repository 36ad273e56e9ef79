"""The client, candidates and evidence against Debian's docker-registry, anonymous and with Basic."""

import hashlib
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from real_registry import RealRegistry, running
from tiny_images import hex_of, push_image

from pipeline.errors import RegistryError
from pipeline.registry.documents.candidates import (
    LastBuild,
    candidate_tag,
    find_candidate,
    last_build,
    read_back,
    record_build,
)
from pipeline.registry.documents.evidence import Evidence, evidence_tag, find_evidence, put_evidence
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.reporting.model import Check, Verdict

pytestmark = pytest.mark.integration

KEY, TEST_KEY = hex_of("build"), hex_of("test")


@pytest.fixture(scope="module", params=[False, True], ids=["anonymous", "basic"])
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with running(tmp_path_factory.mktemp("registry"), basic=request.param) as registry:
        yield registry


@pytest.fixture
async def registry(real: RealRegistry) -> AsyncIterator[Registry]:
    async with Registry(real.host, real.username, real.token) as registry:
        yield registry


async def test_an_image_is_found_as_it_was_pushed(registry: Registry, real: RealRegistry) -> None:
    digest = await push_image(registry, "org/found", "one", content="layer")
    assert await registry.resolve("org/found", "one") == digest
    assert await registry.resolve("org/found", digest) == digest
    assert await registry.resolve("org/found", "two") is None
    assert await registry.resolve("org/never", "one") is None
    assert await registry.resolve("org/found", f"sha256:{'0' * 64}") is None
    assert [layer.size for layer in await registry.layers("org/found", digest)] == [len("layer")]
    manifest = await registry.manifest("org/found", "one")
    assert manifest is not None
    accept = "application/vnd.oci.image.manifest.v1+json"
    _, body, headers = real.get("org/found/manifests/one", accept=accept)
    assert (body, headers["docker-content-digest"]) == (manifest.body, digest)


async def test_a_large_blob_is_streamed_both_ways_and_mounted(
    registry: Registry, real: RealRegistry, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(hashlib.sha512(b"seed").digest() * 100_000)
    digest = f"sha256:{hashlib.sha256(source.read_bytes()).hexdigest()}"
    tracemalloc.start()
    stored = await registry.put_blob("org/large", source, media_type="text/plain")
    assert (stored.digest, stored.size) == (digest, 6_400_000)
    assert await registry.blob("org/large", digest, target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < stored.size / 2  # never the whole blob
    assert target.read_bytes() == source.read_bytes()
    assert real.get(f"org/mounted/blobs/{digest}")[0] == 404
    await registry.put_blob("org/mounted", source, media_type="text/plain", mount_from="org/large")
    assert real.get(f"org/mounted/blobs/{digest}")[1] == source.read_bytes()
    with pytest.raises(ValueError, match="larger than"):
        await registry.read_blob("org/large", (await _huge(registry, tmp_path)))


async def _huge(registry: Registry, tmp_path: Path) -> str:
    file = tmp_path / "huge"
    file.write_bytes(b"\0" * (9 * 1024 * 1024))
    return (await registry.put_blob("org/large", file, media_type="text/plain")).digest


async def test_all_tags_are_listed(registry: Registry, real: RealRegistry) -> None:
    assert await registry.tags("org/untagged") is None
    for number in range(5):
        await push_image(registry, "org/tags", f"t{number}", content="same")
    assert sorted(await registry.tags("org/tags") or ()) == [f"t{number}" for number in range(5)]
    assert set(real.tags("org/tags")) == {f"t{number}" for number in range(5)}


async def test_a_candidate_is_found_by_its_key_alone(registry: Registry, real: RealRegistry) -> None:
    assert await find_candidate(registry, "org/candidate", KEY) is None
    digest = await push_image(registry, "org/candidate", candidate_tag(KEY), content="built")
    await read_back(registry, "org/candidate", KEY, digest)
    assert await find_candidate(registry, "org/candidate", KEY) == digest
    assert await find_candidate(registry, "org/candidate", hex_of("other")) is None
    assert real.tags("org/candidate") == {f"key-{KEY}": digest}


async def test_inputs_are_kept_for_the_next_plan(registry: Registry) -> None:
    assert await last_build(registry, "org/inputs") is None
    await record_build(registry, "org/inputs", KEY, {"file:a.py": "644 x", "arg:Ä": "ö"})
    await record_build(registry, "org/inputs", KEY, {"file:b.py": "755 y"}, seconds=12.34)
    assert await last_build(registry, "org/inputs") == LastBuild(inputs={"file:b.py": "755 y"}, seconds=12.3)


async def test_evidence_counts_for_its_key_and_digest_only(registry: Registry, real: RealRegistry) -> None:
    digest = await push_image(registry, "org/evident", "one", content="tested")
    evidence = Evidence(
        repository=registry.name("org/evident"),
        digest=digest,
        service="S",
        test_key=TEST_KEY,
        checks=(Check(name="health", verdict=Verdict.PASSED, seconds=0.5),),
        seconds=1.25,
    )
    assert await find_evidence(registry, "org/evident", TEST_KEY, digest) is None
    stored = await put_evidence(registry, "org/evident", evidence)
    assert await find_evidence(registry, "org/evident", TEST_KEY, digest) == evidence
    assert await find_evidence(registry, "org/evident", hex_of("gpu"), digest) is None
    assert await find_evidence(registry, "org/evident", TEST_KEY, stored) is None
    accept = "application/vnd.oci.image.manifest.v1+json"
    _, body, headers = real.get(f"org/evident/manifests/{evidence_tag(TEST_KEY)}", accept=accept)
    assert headers["docker-content-digest"] == stored
    (layer,) = json.loads(body)["layers"]
    assert layer["mediaType"] == json.loads(body)["artifactType"] == "application/vnd.in-toto+json"
    read = json.loads(real.get(f"org/evident/blobs/{layer['digest']}")[1])
    assert read["subject"][0]["digest"]["sha256"] == digest.removeprefix("sha256:")


async def test_evidence_copied_to_another_key_is_none(registry: Registry) -> None:
    digest = await push_image(registry, "org/copied", "one", content="tested")
    passed = (Check(name="health", verdict=Verdict.PASSED),)
    evidence = Evidence(repository="r", digest=digest, service="S", test_key=TEST_KEY, checks=passed)
    await put_evidence(registry, "org/copied", evidence)
    manifest = await registry.manifest("org/copied", evidence_tag(TEST_KEY))
    assert manifest is not None
    await registry.put_manifest("org/copied", evidence_tag(hex_of("gpu")), manifest)
    assert await find_evidence(registry, "org/copied", hex_of("gpu"), digest) is None


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.CANCELLED, Verdict.SKIPPED])
async def test_a_failed_smoke_test_leaves_no_evidence(
    registry: Registry, real: RealRegistry, verdict: Verdict
) -> None:
    digest = await push_image(registry, "org/failed", "one", content="tested")
    bad = Evidence(
        repository="r",
        digest=digest,
        service="S",
        test_key=TEST_KEY,
        checks=(Check(name="health", verdict=verdict),),
    )
    with pytest.raises(ValueError, match="health"):
        await put_evidence(registry, "org/failed", bad)
    assert set(real.tags("org/failed")) == {"one"}


async def test_an_image_under_an_evidence_tag_is_named(registry: Registry) -> None:
    digest = await push_image(registry, "org/foreign", evidence_tag(TEST_KEY), content="an image")
    with pytest.raises(RegistryError, match="did not write"):
        await find_evidence(registry, "org/foreign", TEST_KEY, digest)


async def test_who_is_not_known_gets_in_nowhere(real: RealRegistry, registry: Registry) -> None:
    await push_image(registry, "org/guarded", "one", content="layer")
    for username, token in (("", ""), (real.username or "someone", "wrong")):
        async with Registry(real.host, username, token) as stranger:
            if not real.username:
                assert await stranger.resolve("org/guarded", "one") is not None
                continue
            with pytest.raises(DeniedError, match="401"):
                await stranger.resolve("org/guarded", "one")
            with pytest.raises(DeniedError):
                await push_image(stranger, "org/guarded", "two", content="layer")
    assert set(real.tags("org/guarded")) == {"one"}
