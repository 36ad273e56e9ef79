"""Pruning a real registry: what goes, what stays, and what is left alone when it cannot be known."""

import pytest
from real_registry import RealRegistry, running
from released_sets import A, B, candidates, client, filed, move_to, name, overwrite, released
from tiny_images import hex_of

from pipeline.errors import ReleaseError
from pipeline.registry.documents.artifacts import put_document
from pipeline.registry.documents.candidates import record_build
from pipeline.registry.documents.record import RECORD_TYPE, Facts, Record, Released
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import OCI_INDEX, OCI_MANIFEST, Manifest, canonical_json
from pipeline.registry.prune import prune, take_stock
from pipeline.registry.tag_phase.journal import claim_of, journal_manifest, pending, put_claim_content

pytestmark = pytest.mark.integration


async def pruned(real: RealRegistry, org: str) -> set[str]:
    """Prune with a client of its own; the tags that are gone afterwards, as REPOSITORY:TAG."""
    before = tags(real, org)
    async with client(real) as registry:
        found = await take_stock(
            registry, f"{org}/release", [f"{org}/{each}" for each in ("family", "one", "two")]
        )
        assert tags(real, org) == before  # looking deletes nothing
        done = await prune(registry, f"{org}/release", found)
    gone = {f"{each.repository.partition('/')[2]}:{tag}" for each in done.deleted for tag in each.tags}
    assert before - tags(real, org) == gone
    return gone


def tags(real: RealRegistry, org: str) -> set[str]:
    there = real.everything(org)
    return {f"{each.partition('/')[2]}:{tag}" for each, named in there.items() for tag in named}


def own(units: list[Released]) -> set[str]:
    """What a candidate is found by."""
    keys = {f"{unit.name}:key-{unit.build_key}" for unit in units}
    return keys | {f"{unit.name}:evidence-{key}" for unit in units for key in unit.evidence.values()}


async def test_what_no_record_reaches_goes_and_what_one_reaches_stays(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    await released(registry, org, A, own=True)
    left = await candidates(registry, org, "never released")
    assert await pruned(real, org) == own(left)
    assert await pruned(real, org) == set()


async def test_a_candidate_that_shares_a_released_digest_stays(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    unit, *_ = await released(registry, org, A, own=True)
    await name(registry, unit, f"key-{hex_of('another key of the same image')}")
    assert await pruned(real, org) == set()
    assert real.tags(unit.repository)[A] == unit.digest


async def test_a_name_that_somebody_gave_keeps_a_candidate(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    left = await candidates(registry, org, "never released")
    await name(registry, left[1], "for-the-demo")
    assert await pruned(real, org) == own([left[0], left[2]])


async def test_the_newest_candidate_stays(registry: Registry, real: RealRegistry, org: str) -> None:
    old, new = await candidates(registry, org, "old"), await candidates(registry, org, "new")
    for unit in new:
        await record_build(registry, unit.repository, unit.build_key, {})
    assert await pruned(real, org) == own(old)


async def test_what_was_deployed_stays_although_its_tag_was_moved(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    for tag in (A, B):
        await released(registry, org, tag, own=True)
    await move_to(registry, org, A)
    other = await registry.manifest(f"{org}/release", B)
    assert other is not None
    await registry.put_manifest(f"{org}/release", A, other)
    for unit in (await filed(registry, org, B)).record.units:
        await overwrite(registry, org, unit.name, A)  # so that only the channel reaches A's digests
    assert await pruned(real, org) == set()


async def test_what_a_release_under_way_needs_stays(registry: Registry, real: RealRegistry, org: str) -> None:
    units = await candidates(registry, org, "being released")
    left = await candidates(registry, org, "never released")
    facts = Facts(fleet="mainpc", commit="", commit_date="")
    claim = claim_of(Record(tag=A, facts=facts, units=tuple(units)), "run")
    await put_claim_content(registry, f"{org}/release", claim)
    await registry.put_manifest(f"{org}/release", pending(A), journal_manifest(claim))
    assert await pruned(real, org) == own(left)


async def test_what_a_record_of_a_removed_image_reaches_is_looked_at_too(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    await released(registry, org, A, own=True)
    left = await candidates(registry, org, "never released")
    found = await take_stock(registry, f"{org}/release", [])
    assert {tag for each in found.removals for tag in each.tags} == {
        each.partition(":")[2] for each in own(left)
    }


async def test_nothing_is_deleted_while_a_record_cannot_be_read(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    await candidates(registry, org, "never released")
    before = tags(real, org)
    await put_document(
        registry, f"{org}/release", A, {"version": 99}, artifact_type=RECORD_TYPE, media_type=RECORD_TYPE
    )
    with pytest.raises(ReleaseError, match="the record cannot be read"):
        await pruned(real, org)
    assert tags(real, org) == before | {f"release:{A}"}


async def test_a_release_made_meanwhile_stops_it(registry: Registry, real: RealRegistry, org: str) -> None:
    await candidates(registry, org, "never released")
    found = await take_stock(registry, f"{org}/release", [f"{org}/one"])
    await released(registry, org, A, own=True)
    before = tags(real, org)
    with pytest.raises(ReleaseError, match=f"{A} appeared while pruning"):
        await prune(registry, f"{org}/release", found)
    assert tags(real, org) == before


async def test_a_name_given_meanwhile_keeps_its_digest(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    units = await candidates(registry, org, "never released")
    found = await take_stock(registry, f"{org}/release", [f"{org}/one"])
    await name(registry, units[1], "just-now")
    done = await prune(registry, f"{org}/release", found)
    assert [each.tags for each in done.named_since] == [(f"key-{units[1].build_key}",)]
    assert "just-now" in real.tags(units[1].repository)
    assert f"key-{units[1].build_key}" in real.tags(units[1].repository)


async def test_a_registry_that_does_not_delete_is_told_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running(tmp_path_factory.mktemp("stubborn"), basic=False) as real:
        async with client(real) as registry:
            await candidates(registry, "org", "never released")
            before = tags(real, "org")
            found = await take_stock(registry, "org/release", ["org/one", "org/two"])
            done = await prune(registry, "org/release", found)
        assert done.deleted == ()
        assert done.refused == found.removals
        assert len(found.removals) == 4
        assert tags(real, "org") == before


async def test_an_index_keeps_what_it_lists(registry: Registry, real: RealRegistry, org: str) -> None:
    inner, *others = await candidates(registry, org, "never released")
    manifest = await registry.manifest(inner.repository, inner.digest)
    assert manifest is not None
    part = {"mediaType": OCI_MANIFEST, "digest": inner.digest, "size": len(manifest.body)}
    body = canonical_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [part]})
    index = Manifest(media_type=OCI_INDEX, body=body)
    await registry.put_manifest(inner.repository, "many-platforms", index)
    assert await pruned(real, org) == own(others)
