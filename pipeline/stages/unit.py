"""One family or image on its way: build (or fetch), smoke, candidate."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import dagger
from dagger import dag

from pipeline.catalog.model import Service
from pipeline.errors import PipelineError
from pipeline.planning.plan import PlannedUnit
from pipeline.reporting.model import Failure, ServiceRun, Stage, UnitRun, Verdict
from pipeline.stages.build import build
from pipeline.stages.candidate import Candidate, push_candidate
from pipeline.stages.evidence import build_seconds, record_evidence, reused_tests
from pipeline.stages.failures import from_error
from pipeline.stages.passage import Passage
from pipeline.stages.room import claim_of
from pipeline.stages.site import Site
from pipeline.stages.size import candidate_layers, held_against_size, total
from pipeline.stages.smoke.foreign import explained, unless_foreign, untested
from pipeline.stages.smoke.probe import probe_text
from pipeline.stages.smoke.service import smoke
from pipeline.stages.smoke.stand import Stand
from pipeline.stages.smoke.subject import Subject, inspect
from pipeline.stages.smoke.witness import beside_image
from pipeline.stages.together import together

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
    """Build or fetch, smoke, push."""
    failing = "build"
    start = time.monotonic()
    services: tuple[ServiceRun, ...] = ()
    try:
        subject, images, witness = await _started(passage, candidate)
        services = await _smoke(passage, subject, witness)
        passage.site.witnesses.leave(passage.planned.unit.name)
        if any(each.verdict is Verdict.FAILED for each in services):
            return await _result(passage, candidate, services=services)
        failing, start = "candidate", time.monotonic()
        target = _target(passage, candidate)
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
        if any(each.verdict is Verdict.FAILED for each in services):
            return await _result(passage, candidate, services=services)
        if candidate and target:
            services = await record_evidence(passage, candidate, services)
    except (dagger.QueryError, PipelineError) as error:
        scene = passage.scene(failing)
        if failing == "build":
            scene = replace(scene, spot=passage.site.spots.of_build(passage.planned.unit, error))
        failure = from_error(scene, error, seconds=time.monotonic() - start)
        if failing == "build":
            failure = await explained(failure, passage.failed_for or passage.platform)
        return await _result(passage, candidate, services=services, failure=failure)
    return await _result(passage, candidate, services=services)


async def _container(passage: Passage, candidate: Candidate | None, platform: str) -> dagger.Container:
    if candidate is None:
        return await build(passage.site.source, passage.planned.unit, passage.base, platform=platform)
    container = dag.container(platform=dagger.Platform(platform))
    return passage.site.access.sign_in(container).from_(candidate.reference)


def _target(passage: Passage, candidate: Candidate | None) -> str:
    """The repository to which this run may push the unit or its evidence; empty for none."""
    unit, site = passage.planned.unit, passage.site
    if site.candidates:
        return candidate.repository if candidate else unit.repository
    scratch = site.access.scratch_repository(unit) if unit.kind == "family" else ""
    if candidate:
        return scratch if candidate.repository == scratch else ""
    return scratch if passage.needed else ""


async def _started(
    passage: Passage, candidate: Candidate | None
) -> tuple[Subject, tuple[dagger.Container, ...], dagger.Service | None]:
    """What is tested, the image of each platform, and what will look at ports from beside: side by side."""
    unit, witnesses = passage.planned.unit, list[dagger.Service | None]()
    subjects: dict[str, Subject] = {}

    async def images() -> None:
        subjects.update(await _made(passage, candidate))

    async def witness() -> None:
        if any(service.inner_ports for service in unit.services):
            await passage.site.pace.clear()
            image = beside_image(unit, passage.base)
            witnesses.append(await passage.site.witnesses.of(image, platform=passage.platform))

    async def probe() -> None:
        if unit.services:
            await passage.site.scripts.of(probe_text())

    await together((images, witness, probe), lambda work: work())
    containers = tuple(subjects[each].container for each in unit.platforms if each in subjects)
    return subjects[passage.platform], containers, witnesses[0] if witnesses else None


async def _made(passage: Passage, candidate: Candidate | None) -> Mapping[str, Subject]:
    """The image of each platform, each in a place of its own; of a candidate the one that is tested."""
    name = "build" if candidate is None else "fetch"
    platforms = passage.planned.unit.platforms if candidate is None else (passage.platform,)
    begun: list[float] = []
    builds = passage.site.builds

    async def one(platform: str) -> Subject:
        if candidate is None:
            await passage.site.pace.turn()
        async with passage.place(builds, free=builds.available_tokens >= 1) as waited:
            if not begun:
                passage.queued(waited)
                passage.tell(name, "started")
            begun.append(time.monotonic())
            try:
                return await inspect(await _container(passage, candidate, platform))
            except dagger.QueryError:
                passage.failed_for = passage.failed_for or platform
                raise

    try:
        return dict(zip(platforms, await together(platforms, one), strict=True))
    finally:
        if begun:
            passage.stages.append(passage.site.stage(name, begun[0]))
            passage.tell(name, "ended", seconds=passage.stages[-1].seconds)


async def _smoke(
    passage: Passage, subject: Subject, witness: dagger.Service | None
) -> tuple[ServiceRun, ...]:
    """All smoke tests of the unit at once, within the run's bound; what has evidence is not run."""
    reused = {each.name: each for each in reused_tests(passage)}
    because = {each.service: each.because for each in passage.planned.smoke}

    async def one(service: Service) -> ServiceRun:
        if service.name in reused:
            return reused[service.name]
        stand = Stand(
            subject=subject,
            unit=unit,
            scene=passage.scene("smoke", service.name),
            probe=await passage.site.scripts.of(probe_text()),
            beside=beside_image(unit, passage.base),
            platform=passage.platform,
            witness=witness,
            gpu=passage.site.wanted.hardware == "gpu",
            fresh=passage.site.fresh,
        )
        of_suite = service.name == unit.name and unit.suite
        room, claim = passage.site.smokes, claim_of(unit.suite if of_suite else (service,))
        free = room.has_room(claim)
        async with passage.place(room.enter(claim), free=free, service=service.name) as waited:
            start = round(time.monotonic() - passage.site.began, 2)
            passage.tell("smoke", "started", service=service.name)
            smoked = await unless_foreign(await smoke(stand, service), passage.platform)
        passage.tell("smoke", str(smoked.run.verdict), service=service.name, seconds=smoked.run.seconds)
        timing = {"because": because.get(service.name, ""), "start": start, "queued": round(waited, 2)}
        checks = (*smoked.run.checks, *(() if smoked.failure else untested(unit, passage.platform)))
        return smoked.run.model_copy(update={**timing, "checks": checks, "failure": smoked.failure})

    unit = passage.planned.unit
    if not unit.services:
        return ()
    with passage.stage("smoke"):
        services = tuple(await together(unit.services, one))
    passage.stages[-1:] = after_queue(passage.stages[-1], services)
    return services


def after_queue(smoke: Stage, services: Sequence[ServiceRun]) -> tuple[Stage, ...]:
    """The stage from where the first test had its place: until then the unit only waited for one."""
    held = round(min((each.start for each in services if each.start), default=0.0) - smoke.start, 2)
    if held < 0.01:
        return (smoke,)
    began, seconds = round(smoke.start + held, 2), round(max(smoke.seconds - held, 0.0), 2)
    queue = Stage(name="queue", start=smoke.start, seconds=held)
    return (queue, Stage(name="smoke", start=began, seconds=seconds))


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
