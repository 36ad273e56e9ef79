"""Smoke-tests what is published: the digests of a release, as the catalog says its services are run."""

import secrets
from collections.abc import Mapping
from dataclasses import replace

import anyio

from pipeline.planning.plan import PlannedUnit, SmokeDecision
from pipeline.registry.record import Record, Released
from pipeline.registry.records import absent_units
from pipeline.reporting.model import UnitRun
from pipeline.stages.blame import Spots
from pipeline.stages.lookup import Outlook
from pipeline.stages.passage import Site
from pipeline.stages.request import Opened
from pipeline.stages.together import together
from pipeline.stages.unit import carry
from pipeline.stages.witness import Witnesses


async def smoke_published(fleet: Opened, outlook: Outlook, record: Record) -> tuple[UnitRun, ...]:
    """Fetch every image of a record that is there, and run all its smoke tests; nothing is written.

    Images that the catalog does not have are left out: nobody says how they are run.
    """
    registry = await fleet.ask.of(fleet.access.names.release)
    gone = {unit.name for unit in await absent_units(registry, record)}
    recorded = {unit.name: unit for unit in record.units if unit.kind == "image" and unit.name not in gone}
    planned = [_as_published(each, recorded) for each in outlook.plan.units if each.unit.name in recorded]
    site = _site(fleet, outlook, record.tag)
    await fleet.access.announce()

    async def one(each: PlannedUnit) -> UnitRun:
        return await carry(site, each, base=each.base_reference, place=each.unit.repository, needed=False)

    try:
        return tuple(await together(planned, one))
    finally:
        await site.witnesses.close()


def _as_published(planned: PlannedUnit, recorded: Mapping[str, Released]) -> PlannedUnit:
    digest = recorded[planned.unit.name].digest
    because = "published"
    smoke = tuple(
        SmokeDecision(service=each.service, decision="run", because=because) for each in planned.smoke
    )
    return replace(planned, decision="reuse", because=because, digest=digest, smoke=smoke)


def _site(fleet: Opened, outlook: Outlook, tag: str) -> Site:
    return Site(
        source=fleet.request.source,
        access=fleet.access,
        ask=fleet.ask,
        wanted=replace(outlook.wanted, fresh=True),
        candidates=False,
        fresh=secrets.token_hex(4),
        builds=anyio.CapacityLimiter(fleet.request.jobs),
        smokes=fleet.request.room,
        witnesses=Witnesses(access=fleet.access),
        flags=fleet.request.flags,
        spots=Spots(root=fleet.root, catalog=fleet.catalog.filename),
        again=("verify", "--tag", tag, "--smoke"),
    )
