"""The graph: every unit waits for its base only, and goes on to its smoke test as soon as it is built."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from pipeline.planning.plan import PlannedUnit
from pipeline.reporting.model import Stage, UnitRun, Verdict
from pipeline.stages.lookup import Outlook
from pipeline.stages.passage import waiting
from pipeline.stages.site import Site
from pipeline.stages.unit import carry
from pipeline.together import first_of


@dataclass(kw_only=True)
class Course:
    """How far the units of one run are."""

    outlook: Outlook
    site: Site
    fail_fast: bool
    needed: frozenset[str]
    finished: Mapping[str, anyio.Event]
    results: dict[str, UnitRun] = field(default_factory=dict[str, UnitRun])


async def run_graph(outlook: Outlook, site: Site, *, fail_fast: bool) -> tuple[UnitRun, ...]:
    """Carry out a plan; return what became of each unit, in the plan's order.

    After a failure other units go on, unless ``fail_fast``; what stands on a failed unit is cancelled.
    """
    units = outlook.plan.units
    course = Course(
        outlook=outlook,
        site=site,
        fail_fast=fail_fast,
        needed=outlook.needed,
        finished={planned.unit.name: anyio.Event() for planned in units},
    )
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(site.witnesses.close_when_left)
            for planned in units:
                group.start_soon(_one, course, planned, group.cancel_scope)
    except BaseExceptionGroup as failures:
        raise first_of(failures) from None
    return tuple(
        course.results.get(planned.unit.name) or cancelled(planned, "another unit failed (--fail-fast)")
        for planned in units
    )


def cancelled(planned: PlannedUnit, because: str, waits: Sequence[Stage] = ()) -> UnitRun:
    """The result of a unit that was not, or not wholly, dealt with."""
    return UnitRun(
        kind=planned.unit.kind,
        name=planned.unit.name,
        family=planned.unit.base,
        base=planned.base_reference,
        dockerfile=planned.unit.dockerfile,
        platforms=planned.unit.several,
        decision=planned.decision,
        because=because,
        verdict=Verdict.CANCELLED,
        build_key=planned.key.hex,
        stages=tuple(waits),
    )


async def _one(course: Course, planned: PlannedUnit, scope: anyio.CancelScope) -> None:
    name, base = planned.unit.name, planned.unit.base
    waits: list[Stage] = []
    if base in course.finished:
        start = time.monotonic()
        with waiting(name, base):
            await course.finished[base].wait()
        waits.append(course.site.stage("wait", start))
    result = await _carry(course, planned, [each for each in waits if each.seconds])
    course.site.witnesses.leave(name)
    course.results[name] = result
    course.finished[name].set()
    if course.fail_fast and result.verdict is Verdict.FAILED:
        scope.cancel()


async def _carry(course: Course, planned: PlannedUnit, waits: Sequence[Stage]) -> UnitRun:
    parent = course.results.get(planned.unit.base)
    if parent and parent.verdict in (Verdict.FAILED, Verdict.CANCELLED):
        return cancelled(planned, f"its base {parent.name} {_how(parent)}", waits)
    return await carry(
        course.site,
        planned,
        base=parent.reference if parent else planned.base_reference,
        place=course.outlook.found_in.get(planned.unit.name, planned.unit.repository),
        needed=planned.unit.name in course.needed,
        waits=waits,
    )


def _how(parent: UnitRun) -> str:
    return "failed" if parent.verdict is Verdict.FAILED else "was cancelled"
