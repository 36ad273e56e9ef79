"""When units of a run worked, and when they waited."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.reporting.model import Stage, UnitRun

_WORK = ("build", "fetch", "smoke", "candidate", "evidence")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A part of the run in which nobody began or ended anything; names of units."""

    start: float
    end: float
    working: tuple[str, ...]
    waiting: tuple[str, ...]


def end_of(unit: UnitRun) -> float:
    """Seconds since the run began, at the end of its last stage."""
    return max((stage.start + stage.seconds for stage in unit.stages), default=0.0)


def work_of(unit: UnitRun) -> list[Stage]:
    """The stages in which it was not waiting, in order."""
    return sorted(
        (stage for stage in unit.stages if stage.name in _WORK and stage.seconds),
        key=lambda stage: stage.start,
    )


def cut_moments(units: Sequence[UnitRun]) -> list[Moment]:
    """The run cut where somebody begins or ends something."""
    spans = [
        (stage.start, stage.start + stage.seconds, unit.name, stage.name in _WORK)
        for unit in units
        for stage in unit.stages
        if stage.seconds
    ]
    cuts = sorted({time for start, end, _, _ in spans for time in (start, end)})
    return [
        Moment(
            start=start,
            end=end,
            working=tuple({name for a, b, name, works in spans if works and a <= start and end <= b}),
            waiting=tuple({name for a, b, name, works in spans if not works and a <= start and end <= b}),
        )
        for start, end in pairwise(cuts)
    ]
