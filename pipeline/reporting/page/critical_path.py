"""What a run took its time for: the stages that nothing could have gone on without."""

from collections.abc import Mapping, Sequence

from pipeline.reporting.model import Stage, UnitRun
from pipeline.reporting.page.moments import end_of, work_of

_ROUNDED = 0.02  # seconds that times of a run may be apart for being rounded
_NEAR = 0.25  # seconds between the end of one stage and the start of what waited for it


def critical_path(units: Sequence[UnitRun]) -> list[tuple[UnitRun, Stage]]:
    """Back from what ended last: to its base where it waited for that, or to who had its place before it."""
    by_name = {unit.name: unit for unit in units}
    path: list[tuple[UnitRun, Stage]] = []
    at: UnitRun | None = max(units, key=end_of)
    until = end_of(at)
    seen: set[str] = set()
    while at is not None and at.name not in seen:
        seen.add(at.name)
        stages = [stage for stage in work_of(at) if stage.start < until]
        path[:0] = [(at, stage) for stage in stages]
        began = stages[0].start if stages else until
        at, until = _before(at, began, units, by_name)
    return path


def _before(
    unit: UnitRun, began: float, units: Sequence[UnitRun], by_name: Mapping[str, UnitRun]
) -> tuple[UnitRun | None, float]:
    # NB: its tests may have been queued too, which says nothing about its build.
    waits = {stage.name for stage in unit.stages if stage.seconds and stage.start < began}
    if "queue" in waits:
        ends = [
            (stage.start + stage.seconds, other)
            for other in units
            if other is not unit
            for stage in other.stages
            if stage.name in ("build", "fetch") and -_ROUNDED < began - (stage.start + stage.seconds) < _NEAR
        ]
        if ends:
            end, other = max(ends, key=lambda each: each[0])
            return other, end
    if "wait" in waits and unit.family in by_name:
        return by_name[unit.family], end_of(by_name[unit.family])
    return None, 0.0
