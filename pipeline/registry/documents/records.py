"""Records as they are filed in a registry: each with the digest that names it for good."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.catalog.tags import parse_release_tag
from pipeline.errors import ReleaseError
from pipeline.registry.documents.artifacts import get_document
from pipeline.registry.documents.record import RECORD_TYPE, Record, Released, read_record
from pipeline.registry.oci.client import Registry
from pipeline.together import together


@dataclass(frozen=True, kw_only=True)
class Filed:
    """A record and the digest of its manifest: the digest means the same even if the tag were moved."""

    record: Record
    digest: str


async def find_record(registry: Registry, repository: str, reference: str) -> Filed | None:
    """The record under a tag or digest, or None if there is none.

    Raises ReleaseError for one that cannot be read, ForeignError for what is no record at all.
    """
    digest = await registry.resolve(repository, reference)
    document = await get_document(registry, repository, digest, artifact_type=RECORD_TYPE) if digest else None
    if document is None or digest is None:
        return None
    try:
        return Filed(record=read_record(document), digest=digest)
    except ValueError as error:
        raise ReleaseError(
            f"the record cannot be read: {error}",
            where=registry.name(repository, reference),
            consequence="what it reaches is unknown",
            next_step="use the version of this program that wrote it, or a newer one",
        ) from None


async def demand_record(registry: Registry, repository: str, tag: str) -> Filed:
    """The record of a release. Raises ReleaseError when there is none."""
    found = await find_record(registry, repository, tag)
    if found is None:
        raise ReleaseError(
            "there is no record of this release",
            where=registry.name(repository, tag),
            consequence="nothing was changed",
            next_step="release it; if its tags exist already, `adopt` makes a record of them",
        )
    return found


async def all_records(registry: Registry, repository: str, tags: Sequence[str]) -> list[Filed]:
    """The records among these tags, oldest tag first: those whose tag is a release's."""
    found = await together(
        sorted(tag for tag in tags if is_release_tag(tag)),
        lambda tag: find_record(registry, repository, tag),
    )
    return [each for each in found if each is not None]


def is_release_tag(tag: str) -> bool:
    """Whether a tag has the form of a release's."""
    try:
        parse_release_tag(tag)
    except ReleaseError:
        return False
    return True


async def absent_units(registry: Registry, record: Record) -> list[Released]:
    """What a record names and the registry does not have (any more), by digest."""
    found = await together(record.units, lambda unit: absent_parts(registry, unit.repository, unit.digest))
    return [unit for unit, absent in zip(record.units, found, strict=True) if absent]


async def absent_parts(registry: Registry, repository: str, digest: str) -> tuple[str, ...]:
    """What is missing of an image: its digest, or of an index those that it lists and that are not there."""
    manifest = await registry.manifest(repository, digest)
    if manifest is None:
        return (digest,)
    found = await together(manifest.parts, lambda part: registry.resolve(repository, part))
    return tuple(part for part, there in zip(manifest.parts, found, strict=True) if there is None)


async def demand_whole(registry: Registry, filed: Filed) -> None:
    """Raise ReleaseError unless every digest of a release is there: only whole sets are deployed."""
    absent = await absent_units(registry, filed.record)
    if absent:
        raise ReleaseError(
            f"{len(absent)} of its {len(filed.record.units)} digests are not in the registry: "
            + ", ".join(registry.name(unit.repository, unit.digest) for unit in absent),
            where=filed.record.tag,
            consequence="nothing was changed: only whole sets are deployed",
            next_step="see what deletes from the registry; release the commit again under the suffix .N",
        )
