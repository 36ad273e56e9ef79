"""Deletes candidates and evidence that no record reaches, and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.catalog.references import is_registry
from pipeline.errors import RegistryError, ReleaseError
from pipeline.registry.channels import CHANNELS, read_channel
from pipeline.registry.documents.artifacts import ForeignError, get_document
from pipeline.registry.documents.candidates import INPUTS_TAG, INPUTS_TYPE
from pipeline.registry.documents.evidence import EVIDENCE_TYPE, open_statement
from pipeline.registry.documents.record import Record
from pipeline.registry.documents.records import all_records, find_record
from pipeline.registry.oci.client import Registry
from pipeline.registry.reach import Holding, Place, Removal, Tagged, removals, roots
from pipeline.registry.tag_phase.journal import PENDING, find_journal, record_of
from pipeline.together import together

_NOTHING = "nothing was deleted"


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What a registry holds, the records that were read, and what can go.

    ``places`` are all digests that have a tag, or are in an index that has one.
    """

    records: tuple[Record, ...]
    record_tags: tuple[str, ...]
    tags: tuple[Tagged, ...]
    places: frozenset[Place]
    removals: tuple[Removal, ...]


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What was deleted, what the registry does not delete (405), and what got a name in the last moment."""

    stock: Stock
    deleted: tuple[Removal, ...] = ()
    refused: tuple[Removal, ...] = ()
    named_since: tuple[Removal, ...] = ()


async def take_stock(
    registry: Registry, record_repository: str, repositories: Iterable[str], *, apart: Iterable[str] = ()
) -> Stock:
    """Read everything that decides what can go.

    ``repositories`` are the catalog's; those that records name are added, but for those ``apart``, which
    somebody else pushes to and prunes: records of theirs may reach what ours do not. Raises ReleaseError when
    a record cannot be read or a release is under way, RegistryError when the registry does not say: then what
    is reached is unknown, and nothing may be deleted.
    """
    record_tags = await registry.tags(record_repository) or ()
    records = [filed.record for filed in await all_records(registry, record_repository, record_tags)]
    records += await _deployed(registry, record_repository)
    records += await _begun(registry, record_repository, record_tags)
    local = tuple(_local(registry, record) for record in records)
    names = {registry.path(name) for name in repositories} | {u.repository for r in local for u in r.units}
    names -= {registry.path(name) for name in apart}
    tags = [
        tag for found in await together(sorted(names), lambda name: _tags(registry, name)) for tag in found
    ]
    kept = roots(local, tags) | await _newest(registry, tags)
    foreign, subjects = await _subjects(registry, tags)
    parts = await _all_parts(registry, {each.place for each in tags} | kept)
    holding = Holding(tags=tuple(tags), subjects=subjects, parts=parts)
    return Stock(
        records=local,
        record_tags=tuple(record_tags),
        tags=holding.tags,
        places=frozenset({each.place for each in tags}.union(*parts.values())),
        removals=removals(holding, kept | foreign),
    )


async def prune(registry: Registry, record_repository: str, found: Stock) -> Pruned:
    """Delete what can go, digest by digest; a name given since then keeps its digest.

    Raises ReleaseError when a release was made since then. Stops where the registry does not delete.
    """
    done = Pruned(stock=found)
    for number, removal in enumerate(found.removals):
        await _demand_same_records(registry, record_repository, found)
        if await _named_since(registry, removal, found):
            done = replace(done, named_since=(*done.named_since, removal))
        elif await registry.delete(removal.repository, removal.digest):
            done = replace(done, deleted=(*done.deleted, removal))
        else:
            return replace(done, refused=found.removals[number:])
    return done


async def _deployed(registry: Registry, repository: str) -> list[Record]:
    """The records that channels name by digest, whatever became of their tags."""
    channels = await together(CHANNELS, lambda name: read_channel(registry, repository, name))
    digests = {entry.record for channel in channels for entry in channel.entries}
    found = await together(sorted(digests), lambda digest: find_record(registry, repository, digest))
    return [filed.record for filed in found if filed is not None]


async def _begun(registry: Registry, repository: str, tags: Sequence[str]) -> list[Record]:
    """Releases that are under way or were interrupted: their journals say what the record will name."""
    begun = [tag.removeprefix(PENDING) for tag in tags if tag.startswith(PENDING)]
    found = await together(begun, lambda tag: find_journal(registry, repository, tag))
    return [record_of(claim) for claim in found if claim is not None]


def _local(registry: Registry, record: Record) -> Record:
    units = tuple(replace(unit, repository=_path(registry, unit.repository)) for unit in record.units)
    return replace(record, units=units)


def _path(registry: Registry, repository: str) -> str:
    """A repository without its host. NB: any host's: a registry can have several names."""
    host, slash, rest = repository.partition("/")
    return rest if slash and is_registry(host) else registry.path(repository)


async def _tags(registry: Registry, repository: str) -> list[Tagged]:
    found = await registry.tags(repository) or ()
    digests = await together(found, lambda tag: registry.resolve(repository, tag))
    return [
        Tagged(repository=repository, tag=tag, digest=digest)
        for tag, digest in zip(found, digests, strict=True)
        if digest
    ]


async def _newest(registry: Registry, tags: Sequence[Tagged]) -> set[Place]:
    """The newest candidate of each repository: it may be released next."""

    async def one(pointer: Tagged) -> str:
        try:
            document = await get_document(
                registry, pointer.repository, pointer.digest, artifact_type=INPUTS_TYPE
            )
        except ForeignError:
            return ""
        return f"key-{document['key']}" if document and "key" in document else ""

    pointers = [each for each in tags if each.tag == INPUTS_TAG]
    named = await together(pointers, one)
    newest = {(pointer.repository, tag) for pointer, tag in zip(pointers, named, strict=True)}
    return {each.place for each in tags if (each.repository, each.tag) in newest}


async def _subjects(registry: Registry, tags: Sequence[Tagged]) -> tuple[set[Place], dict[Place, Place]]:
    """What stands under a tag of evidence and is none, and the image that each evidence is about."""
    foreign: set[Place] = set()
    subjects: dict[Place, Place] = {}

    async def one(place: Place) -> None:
        try:
            document = await get_document(registry, *place, artifact_type=EVIDENCE_TYPE)
        except ForeignError:
            foreign.add(place)
            return
        found = open_statement(document, None) if document else None
        if found:
            subjects[place] = place[0], found.digest

    await together(sorted({each.place for each in tags if each.tag.startswith("evidence-")}), one)
    return foreign, subjects


async def _all_parts(registry: Registry, places: Iterable[Place]) -> dict[Place, tuple[Place, ...]]:
    found = sorted(places)
    return dict(zip(found, await together(found, lambda place: _parts(registry, place)), strict=True))


async def _parts(registry: Registry, place: Place) -> tuple[Place, ...]:
    manifest = await registry.manifest(*place)
    if manifest is None or not manifest.is_index:
        return ()
    try:
        return tuple((place[0], str(part)) for part in manifest.parts)
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(
            f"an index cannot be read: {error}", where=registry.name(*place), consequence=_NOTHING
        ) from None


async def _demand_same_records(registry: Registry, repository: str, found: Stock) -> None:
    now = set(await registry.tags(repository) or ())
    since = sorted(now - set(found.record_tags))
    if since:
        raise ReleaseError(
            f"{', '.join(since)} appeared while pruning",
            where=registry.name(repository),
            consequence="what it reaches was not looked at, so nothing more was deleted",
            next_step="run prune again when nothing else is running",
        )


async def _named_since(registry: Registry, removal: Removal, found: Stock) -> bool:
    """Whether the digest has got a tag since stock was taken, or is in an index that has."""
    known = {each.tag for each in found.tags if each.repository == removal.repository}
    new = [tag for tag in await registry.tags(removal.repository) or () if tag not in known]
    digests = await together(new, lambda tag: registry.resolve(removal.repository, tag))
    places = [(removal.repository, digest) for digest in digests if digest]
    parts = await _all_parts(registry, places)
    return (removal.repository, removal.digest) in {
        *places,
        *(part for each in parts.values() for part in each),
    }
