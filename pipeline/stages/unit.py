"""One family or image on its way: build (or fetch), smoke, candidate."""

import time
from collections.abc import Sequence
from dataclasses import replace

import dagger

from pipeline.errors import PipelineError
from pipeline.planning.plan import PlannedUnit
from pipeline.reporting.model import Failure, ServiceRun, Stage, UnitRun, Verdict
from pipeline.stages.candidate import Candidate, push_candidate
from pipeline.stages.evidence import build_seconds, record_evidence, reused_tests
from pipeline.stages.failures import from_error
from pipeline.stages.passage import Passage
from pipeline.stages.ready import make_ready
from pipeline.stages.site import Site
from pipeline.stages.size import candidate_layers, held_against_size, total
from pipeline.stages.smoke.foreign import explained
from pipeline.stages.smokes import smoke_all

_WORK = ("build", "smoke")  # stages that take as long on another machine


async def carry(
    site: Site,
    planned: PlannedUnit,
    *,
    base: str,
    place: str,
    needed: bool,
    waits: Sequence[Stage] = (),
) -> UnitRun:
    """Take one unit through its stages.

    ``base`` is ``REPOSITORY@sha256:…``; ``place`` the repository in which a reused candidate is; ``needed``
    whether something that is built stands on it; ``waits`` are stages that lie behind it. Never raises for
    what goes wrong with the unit.
    """
    passage = Passage(site=site, planned=planned, base=base, needed=needed, stages=list(waits))
    candidate = Candidate(repository=place, digest=planned.digest) if planned.digest else None
    if candidate and all(each.decision == "reuse" for each in planned.smoke):
        return await _result(passage, candidate, services=reused_tests(passage))
    return await _work(passage, candidate)


async def _work(passage: Passage, candidate: Candidate | None) -> UnitRun:
    """Build or fetch, smoke, and push what passed."""
    start = time.monotonic()
    passage.site.witnesses.join(passage.planned.unit.name)
    try:
        subject, images, witness = await make_ready(passage, candidate)
        services = await smoke_all(passage, subject, witness)
    except (dagger.QueryError, PipelineError) as error:
        failure = await _of_build(passage, error, seconds=time.monotonic() - start)
        return await _result(passage, candidate, services=(), failure=failure)
    passage.site.witnesses.leave(passage.planned.unit.name)
    if _any_failed(services):
        return await _result(passage, candidate, services=services)
    return await _push(passage, candidate, images, services)


async def _of_build(passage: Passage, error: Exception, *, seconds: float) -> Failure:
    spot = passage.site.spots.of_build(passage.planned.unit, error)
    failure = from_error(replace(passage.scene("build"), spot=spot), error, seconds=seconds)
    return await explained(failure, passage.failed_for or passage.platform)


async def _push(
    passage: Passage,
    candidate: Candidate | None,
    images: Sequence[dagger.Container],
    services: tuple[ServiceRun, ...],
) -> UnitRun:
    """Push what passed where it may be pushed, and leave evidence of it."""
    start, target = time.monotonic(), _target(passage, candidate)
    try:
        if target and candidate is None:
            with passage.stage("candidate"):
                candidate = await push_candidate(
                    images,
                    target,
                    passage.planned.key,
                    access=passage.site.access,
                    ask=passage.site.ask,
                    seconds=passage.seconds(*_WORK),
                    replace=passage.site.wanted.rebuild,
                )
        if candidate and candidate.adopted:
            return await _work(passage, replace(candidate, adopted=False))
        services = await held_against_size(passage, candidate, services)
        if candidate and target and not _any_failed(services):
            services = await record_evidence(passage, candidate, services)
    except (dagger.QueryError, PipelineError) as error:
        failure = from_error(passage.scene("candidate"), error, seconds=time.monotonic() - start)
        return await _result(passage, candidate, services=services, failure=failure)
    return await _result(passage, candidate, services=services)


def _any_failed(services: Sequence[ServiceRun]) -> bool:
    return any(each.verdict is Verdict.FAILED for each in services)


def _target(passage: Passage, candidate: Candidate | None) -> str:
    """The repository to which this run may push the unit or its evidence; empty for none."""
    unit, site = passage.planned.unit, passage.site
    if site.candidates:
        return candidate.repository if candidate else unit.repository
    scratch = site.access.scratch_repository(unit) if unit.kind == "family" else ""
    if candidate:
        return scratch if candidate.repository == scratch else ""
    return scratch if passage.needed else ""


async def _result(
    passage: Passage,
    candidate: Candidate | None,
    *,
    services: tuple[ServiceRun, ...],
    failure: Failure | None = None,
) -> UnitRun:
    planned = passage.planned
    verdict = _verdict(planned, services, failure)
    passage.tell("done", str(verdict))
    layers = await candidate_layers(passage, candidate, passage.platform)
    return UnitRun(
        kind=planned.unit.kind,
        name=planned.unit.name,
        family=planned.unit.base,
        base=passage.base,
        dockerfile=planned.unit.dockerfile,
        platforms=planned.unit.several,
        decision=planned.decision,
        because=planned.because,
        verdict=verdict,
        build_key=planned.key.hex,
        digest=candidate.digest if candidate else "",
        reference=candidate.reference if candidate else "",
        size=total(layers),
        layers=layers,
        built=build_seconds(passage),
        stages=tuple(passage.stages),
        services=services,
        failure=failure,
    )


def _verdict(planned: PlannedUnit, services: Sequence[ServiceRun], failure: Failure | None) -> Verdict:
    verdicts = {service.verdict for service in services}
    if failure or Verdict.FAILED in verdicts:
        return Verdict.FAILED
    if planned.decision == "reuse" and verdicts <= {Verdict.REUSED}:
        return Verdict.REUSED
    return Verdict.SKIPPED if verdicts == {Verdict.SKIPPED} else Verdict.PASSED
