"""All smoke tests of one unit, side by side as far as there is room."""

import time
from collections.abc import Sequence

import dagger

from pipeline.catalog.service import Service
from pipeline.reporting.model import ServiceRun, Stage
from pipeline.stages.evidence import reused_tests
from pipeline.stages.passage import Passage
from pipeline.stages.room import claim_of
from pipeline.stages.smoke.foreign import unless_foreign, untested
from pipeline.stages.smoke.probe import probe_text
from pipeline.stages.smoke.service import smoke
from pipeline.stages.smoke.stand import Stand
from pipeline.stages.smoke.subject import Subject
from pipeline.stages.smoke.witness import beside_image
from pipeline.together import together


async def smoke_all(
    passage: Passage, subject: Subject, witness: dagger.Service | None
) -> tuple[ServiceRun, ...]:
    """All smoke tests of the unit at once, within the run's bound; what has evidence is not run."""
    unit = passage.planned.unit
    reused = {each.name: each for each in reused_tests(passage)}

    async def one(service: Service) -> ServiceRun:
        return reused.get(service.name) or await _smoke(passage, service, subject, witness)

    if not unit.services:
        return ()
    with passage.stage("smoke"):
        services = tuple(await together(unit.services, one))
    passage.stages[-1:] = after_queue(passage.stages[-1], services)
    return services


async def _smoke(
    passage: Passage, service: Service, subject: Subject, witness: dagger.Service | None
) -> ServiceRun:
    """One of them, once there is room for it: how it went, why it was run, and when."""
    unit, room = passage.planned.unit, passage.site.smokes
    stand = await _stand(passage, service, subject, witness)
    of_suite = service.name == unit.name and unit.suite
    claim = claim_of(unit.suite if of_suite else (service,))
    free = room.has_room(claim)
    async with passage.place(room.enter(claim), free=free, service=service.name) as waited:
        start = round(time.monotonic() - passage.site.began, 2)
        passage.tell("smoke", "started", service=service.name)
        smoked = await unless_foreign(await smoke(stand, service), passage.platform)
    passage.tell("smoke", str(smoked.run.verdict), service=service.name, seconds=smoked.run.seconds)
    because = {each.service: each.because for each in passage.planned.smoke}
    timing = {"because": because.get(service.name, ""), "start": start, "queued": round(waited, 2)}
    checks = (*smoked.run.checks, *(() if smoked.failure else untested(unit, passage.platform)))
    return smoked.run.model_copy(update={**timing, "checks": checks, "failure": smoked.failure})


async def _stand(
    passage: Passage, service: Service, subject: Subject, witness: dagger.Service | None
) -> Stand:
    unit, site = passage.planned.unit, passage.site
    return Stand(
        subject=subject,
        unit=unit,
        scene=passage.scene("smoke", service.name),
        probe=await site.scripts.of(probe_text()),
        beside=beside_image(unit, passage.base),
        platform=passage.platform,
        witness=witness,
        gpu=site.wanted.hardware == "gpu",
        fresh=site.fresh,
    )


def after_queue(smoke: Stage, services: Sequence[ServiceRun]) -> tuple[Stage, ...]:
    """The stage from where the first test had its place: until then the unit only waited for one."""
    held = round(min((each.start for each in services if each.start), default=0.0) - smoke.start, 2)
    if held < 0.01:
        return (smoke,)
    began, seconds = round(smoke.start + held, 2), round(max(smoke.seconds - held, 0.0), 2)
    queue = Stage(name="queue", start=smoke.start, seconds=held)
    return (queue, Stage(name="smoke", start=began, seconds=seconds))
