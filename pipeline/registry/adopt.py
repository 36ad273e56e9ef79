"""Makes a record of tags that were given without one."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import ReleaseError
from pipeline.registry.documents.artifacts import put_document
from pipeline.registry.documents.candidates import find_candidate
from pipeline.registry.documents.evidence import find_evidence
from pipeline.registry.documents.record import RECORD_TYPE, Facts, Record, Released, write_record
from pipeline.registry.documents.records import Filed, find_record
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.lag import settled
from pipeline.together import together

_NOTHING = "no record was written"


async def adopt(
    registry: Registry, repository: str, tag: str, units: Sequence[Released], facts: Facts
) -> tuple[Filed, bool]:
    """Record what a tag means in every repository; return the record, and whether it is new.

    ``units`` are the fleet's as the source has them: an empty digest is filled in from the tag; build key
    and evidence stay only where the registry has them for that digest. Raises ReleaseError when a tag is
    missing (only whole sets are recorded) or there is a record of something else.
    """
    found = await together(units, lambda unit: _tagged(registry, unit, tag))
    _insist_on_whole(registry, tag, found)
    record = Record(tag=tag, facts=facts, units=tuple(found))
    there = await find_record(registry, repository, tag)
    if there is not None:
        return _same(registry, repository, there, record), False
    digest = await put_document(
        registry,
        repository,
        tag,
        write_record(record),
        artifact_type=RECORD_TYPE,
        media_type=RECORD_TYPE,
    )
    if await settled(registry, repository, tag, digest) != digest:
        raise ReleaseError(
            "somebody else writes this record",
            where=registry.name(repository, tag),
            next_step="find the other run, then run the same command again",
        )
    return Filed(record=record, digest=digest), True


def _insist_on_whole(registry: Registry, tag: str, found: Sequence[Released]) -> None:
    missing = [registry.name(unit.repository, tag) for unit in found if not unit.digest]
    if missing or not found:
        raise ReleaseError(
            f"not there: {', '.join(missing)}" if missing else "the catalog names nothing",
            where=tag,
            consequence=f"{_NOTHING}: only whole sets are recorded",
            next_step="use the fleet.toml of that release, or release the commit anew",
        )


def _same(registry: Registry, repository: str, there: Filed, record: Record) -> Filed:
    if there.record.digests == record.digests:
        return there
    names = sorted(
        name
        for name in there.record.digests | record.digests
        if there.record.digests.get(name) != record.digests.get(name)
    )
    raise ReleaseError(
        f"there is a record of this tag, with other digests for {', '.join(names)}",
        where=registry.name(repository, record.tag),
        consequence=_NOTHING,
        next_step=f"`verify --tag {record.tag}` tells what moved",
    )


async def _tagged(registry: Registry, unit: Released, tag: str) -> Released:
    """The unit with the digest of its name, and with the key and the evidence that fit that digest."""
    digest = unit.digest or await registry.resolve(unit.repository, tag) or ""
    if not unit.build_key or not digest:
        return replace(unit, digest=digest)
    if await find_candidate(registry, unit.repository, unit.build_key) != digest:
        return replace(unit, digest=digest, build_key="", evidence={})
    passed = {
        service: key
        for service, key in unit.evidence.items()
        if await find_evidence(registry, unit.repository, key, digest) is not None
    }
    return replace(unit, digest=digest, evidence=passed)
