"""Smoke-tests what is published: the digests of a release, as the catalog says its services are run."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace

from pipeline.planning.plan import PlannedUnit, all_run
from pipeline.registry.documents.record import Record, Released
from pipeline.registry.documents.records import absent_units
from pipeline.reporting.model import UnitRun
from pipeline.stages.lookup import Outlook
from pipeline.stages.request import Opened
from pipeline.stages.site import site_of
from pipeline.stages.unit import carry
from pipeline.together import together


async def smoke_published(fleet: Opened, outlook: Outlook, record: Record) -> tuple[UnitRun, ...]:
    """Fetch every image of a record that is there, and run all its smoke tests; nothing is written.

    Images that the catalog does not have are left out: nobody says how they are run.
    """
    registry, _ = await fleet.records()
    gone = {unit.name for unit in await absent_units(registry, record)}
    recorded = {unit.name: unit for unit in record.units if unit.kind == "image" and unit.name not in gone}
    planned = [_as_published(each, recorded) for each in outlook.plan.units if each.unit.name in recorded]
    await fleet.access.announce()
    async with site_of(
        fleet,
        replace(outlook.wanted, fresh=True),
        began=time.monotonic(),
        builds=fleet.request.jobs,
        fresh=secrets.token_hex(4),
        again=("verify", "--tag", record.tag, "--smoke"),
    ) as site:

        async def one(each: PlannedUnit) -> UnitRun:
            return await carry(site, each, base=each.base_reference, place=each.unit.repository, needed=False)

        return tuple(await together(planned, one))


def _as_published(planned: PlannedUnit, recorded: Mapping[str, Released]) -> PlannedUnit:
    digest = recorded[planned.unit.name].digest
    because = "published"
    smoke = all_run(planned, because)
    return replace(planned, decision="reuse", because=because, digest=digest, smoke=smoke)
