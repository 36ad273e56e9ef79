"""The tag phase: every question before the first name, the record as the last."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import anyio

from pipeline.catalog.references import is_tag
from pipeline.errors import RegistryError, ReleaseError
from pipeline.registry.artifacts import get_document, put_document
from pipeline.registry.candidates import find_candidate
from pipeline.registry.client import Registry
from pipeline.registry.evidence import find_evidence
from pipeline.registry.lag import settled
from pipeline.registry.record import RECORD_TYPE, Facts, Record, Released, read_record, write_record

_AT_ONCE = 8
_UNTOUCHED = "no name was given"
_UNRECORDED = "names may have been given, but the release is not recorded, so nothing deploys it"
_TEST_FIRST = "run build-all --candidates: it builds and tests what is missing"
_NEW_TAG = "a tag never moves: release under a new one (the same commit on newer bases takes the suffix .N)"

Item = TypeVar("Item")
Result = TypeVar("Result")


async def release(
    registry: Registry, record_repository: str, tag: str, units: Sequence[Released], facts: Facts
) -> tuple[str, ...]:
    """Give a tag to candidates, then write the record; return all names as ``REFERENCE@DIGEST``.

    Repeating it is safe: what has its name already is left alone, and a record with the same digests stands
    as it is. Raises ReleaseError before anything is written when a candidate or its evidence is missing or
    the tag is taken by another digest, and RegistryError when the registry does not say.
    """
    if not is_tag(tag) or not units:
        raise ReleaseError(f"{tag!r} is no tag" if units else "nothing to release", consequence=_UNTOUCHED)
    record = Record(tag=tag, facts=facts, units=tuple(units))
    own = [unit for unit in units if unit.build_key]
    _refuse(await _gather(units, lambda unit: _missing(registry, unit)), _TEST_FIRST)
    recorded = await _recorded(registry, record_repository, record)
    tagged = await _gather(own, lambda unit: registry.resolve(unit.repository, tag))
    conflicts = [_taken(registry, unit, tag, found) for unit, found in zip(own, tagged, strict=True)]
    _refuse(conflicts, _NEW_TAG)
    unnamed = [unit for unit, found in zip(own, tagged, strict=True) if found is None]
    await _gather(unnamed, lambda unit: _name(registry, unit, tag))
    await _gather(own, lambda unit: _read_back(registry, unit.repository, tag, unit.digest))
    digest = recorded or await _write(registry, record_repository, record)
    names = [f"{registry.name(unit.repository, tag)}@{unit.digest}" for unit in own]
    return (*names, f"{registry.name(record_repository, tag)}@{digest}")


async def _missing(registry: Registry, unit: Released) -> str:
    """Why a unit cannot be released; empty when it can."""
    if await registry.resolve(unit.repository, unit.digest) is None:
        return f"{registry.name(unit.repository, unit.digest)} is not in the registry"
    if not unit.build_key:
        return ""
    candidate = await find_candidate(registry, unit.repository, unit.build_key)
    if candidate != unit.digest:
        found = candidate or "nothing"
        return f"{unit.name}: the candidate of build key {unit.build_key[:12]}… is {found}, not {unit.digest}"
    for service, key in unit.evidence.items():
        if await find_evidence(registry, unit.repository, key, unit.digest) is None:
            return f"{unit.name}: there is no evidence that {service} passed its smoke test on {unit.digest}"
    return ""


def _taken(registry: Registry, unit: Released, tag: str, found: str | None) -> str:
    if found is None or found == unit.digest:
        return ""
    return f"{registry.name(unit.repository, tag)} is {found} already, and would become {unit.digest}"


def _refuse(problems: Iterable[str], next_step: str, *, consequence: str = _UNTOUCHED) -> None:
    told = [problem for problem in problems if problem]
    if told:
        raise ReleaseError("; ".join(told), consequence=consequence, next_step=next_step)


async def _recorded(registry: Registry, repository: str, record: Record) -> str | None:
    """Digest of the record that is there with the same digests, or None if there is no record."""
    document = await get_document(registry, repository, record.tag, artifact_type=RECORD_TYPE)
    if document is None:
        return None
    where = registry.name(repository, record.tag)
    try:
        there = read_record(document).digests
    except ValueError as error:
        raise ReleaseError(
            f"the record cannot be read: {error}", where=where, consequence=_UNTOUCHED
        ) from None
    wanted = record.digests
    changed = [name for name in sorted(there | wanted) if there.get(name) != wanted.get(name)]
    told = "{0} records {1} for {2}, not {3}".format
    nothing = "nothing"
    _refuse(
        [told(where, there.get(name, nothing), name, wanted.get(name, nothing)) for name in changed], _NEW_TAG
    )
    return await registry.resolve(repository, record.tag)


async def _name(registry: Registry, unit: Released, tag: str) -> None:
    """Put the very bytes of the candidate's manifest under the tag: no blob moves."""
    found = await registry.resolve(unit.repository, tag)
    _refuse([_taken(registry, unit, tag, found)], _NEW_TAG, consequence=_UNRECORDED)
    manifest = await registry.manifest(unit.repository, unit.digest)
    if manifest is None:
        raise RegistryError(
            "the candidate vanished during the release",
            where=registry.name(unit.repository, unit.digest),
            consequence=_UNRECORDED,
            next_step="see what deletes from the registry, then run the same command again",
        )
    await registry.put_manifest(unit.repository, tag, manifest)


async def _read_back(registry: Registry, repository: str, tag: str, digest: str) -> None:
    found = await settled(registry, repository, tag, digest)
    if found != digest:
        raise ReleaseError(
            f"reads {found or 'nothing'} after {digest} was written: somebody else writes this tag",
            where=registry.name(repository, tag),
            consequence=_UNRECORDED,
            next_step="find the other run (workflows need `concurrency:`), then run the same command again",
        )


async def _write(registry: Registry, repository: str, record: Record) -> str:
    digest = await put_document(
        registry,
        repository,
        record.tag,
        write_record(record),
        artifact_type=RECORD_TYPE,
        media_type=RECORD_TYPE,
    )
    await _read_back(registry, repository, record.tag, digest)
    return digest


async def _gather(items: Sequence[Item], ask: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """Answers in the order of the items, several asked at once; the first failure is raised as it is."""
    answers: dict[int, Result] = {}
    failures: list[Exception] = []
    places = anyio.CapacityLimiter(_AT_ONCE)

    async def one(number: int, item: Item) -> None:
        async with places:
            try:
                answers[number] = await ask(item)
            except (RegistryError, ReleaseError) as failure:
                failures.append(failure)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for number, item in enumerate(items):
            group.start_soon(one, number, item)
    if failures:
        raise failures[0]
    return [answers[number] for number in range(len(items))]
