"""A run over time: who worked, who waited for whom, the critical path, and where parallelism was lost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.reporting.model import Run, Stage, UnitRun, Verdict
from pipeline.reporting.page.critical_path import critical_path
from pipeline.reporting.page.moments import Moment, cut_moments, end_of, work_of

WORDS = {
    "wait": "waited for its base",
    "queue": "waited for a place",
    "build": "build",
    "fetch": "fetch",
    "smoke": "smoke",
    "candidate": "push",
    "evidence": "evidence",
    "plan": "plan",
    "release": "release",
}
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 6
_SHORT = 0.1  # seconds of a test in the queue that are not told
_WORTH_TELLING = 0.05  # of the run: a shorter hold-up is not told


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A stage, or a service's smoke test; ``left`` and ``width`` are percent of the run."""

    name: str
    word: str
    left: float
    width: float
    seconds: float
    critical: bool = False
    verdict: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A unit (or the run itself, without an anchor) with its bars."""

    name: str
    anchor: str
    verdict: str
    bars: tuple[Bar, ...]
    services: tuple[Bar, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A unit on the critical path, with its stages there: word and seconds."""

    unit: str
    anchor: str
    stages: tuple[tuple[str, float], ...]

    @property
    def seconds(self) -> float:
        """How long the path leads through it."""
        return sum(seconds for _, seconds in self.stages)


@dataclass(frozen=True, kw_only=True)
class HoldUp:
    """A unit that worked alone for ``seconds`` while up to ``waiting`` others waited."""

    unit: str
    anchor: str
    seconds: float
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """All of it.

    ``ticks`` are percent and seconds; ``load`` is how many units were at work, as points of a polygon that is
    1000 wide and 100 high; ``queued`` is how many builds and tests waited for a place, and how long in all.
    """

    rows: tuple[Row, ...]
    idle: int
    ticks: tuple[tuple[float, float], ...]
    critical: tuple[Step, ...]
    hold_ups: tuple[HoldUp, ...]
    queued: tuple[int, float]
    load: str
    peak: int
    mean: float

    @property
    def critical_seconds(self) -> float:
        """Length of the critical path."""
        return sum(step.seconds for step in self.critical)


def draw(run: Run, anchors: Mapping[str, str]) -> Timeline | None:
    """The timeline; None for a run in which nothing took time. ``anchors`` are ids of units by name."""
    busy = [unit for unit in run.units if work_of(unit) or unit.verdict is Verdict.CANCELLED]
    if not any(map(work_of, busy)):
        return None
    end = max([run.seconds, *(end_of(unit) for unit in busy)])
    path = critical_path(busy)
    marked = {(unit.name, stage.name) for unit, stage in path}
    moments = cut_moments(busy)
    spans = sum(moment.end - moment.start for moment in moments if moment.working)
    work = sum(len(moment.working) * (moment.end - moment.start) for moment in moments)
    peak = max((len(moment.working) for moment in moments), default=0)
    return Timeline(
        rows=(*_run_rows(run, end), *(_row(unit, anchors, marked, end) for unit in busy)),
        idle=len(run.units) - len(busy),
        ticks=_ticks(end),
        critical=_steps(path, anchors),
        hold_ups=_hold_ups(moments, anchors, end),
        queued=_queued(busy),
        load=_load(moments, end, peak),
        peak=peak,
        mean=round(work / spans, 1) if spans else 0.0,
    )


def _row(unit: UnitRun, anchors: Mapping[str, str], marked: set[tuple[str, str]], end: float) -> Row:
    services = [service for service in unit.services if service.start and service.seconds]
    worth = len(services) > 1
    return Row(
        name=unit.name,
        anchor=anchors[unit.name],
        verdict=str(unit.verdict),
        bars=tuple(
            _bar(stage, end, critical=(unit.name, stage.name) in marked)
            for stage in unit.stages
            if stage.seconds and stage.name in WORDS
        ),
        services=tuple(
            Bar(
                name="service",
                word=service.name,
                left=_percent(service.start, end),
                width=_percent(service.seconds, end),
                seconds=service.seconds,
                verdict=str(service.verdict),
            )
            for service in services
            if worth
        ),
    )


def _queued(units: Sequence[UnitRun]) -> tuple[int, float]:
    """NB: a unit that queues behind its build waits with its tests, which know it themselves."""
    held = [
        stage.seconds
        for unit in units
        for stage in unit.stages
        if stage.name == "queue" and not any(work.start < stage.start for work in work_of(unit))
    ]
    held += [service.queued for unit in units for service in unit.services if service.queued >= _SHORT]
    return len(held), round(sum(held), 2)


def _run_rows(run: Run, end: float) -> Iterable[Row]:
    bars = tuple(_bar(stage, end) for stage in run.stages if stage.seconds and stage.name in WORDS)
    if bars:
        yield Row(name="the run itself", anchor="", verdict="", bars=bars)


def _bar(stage: Stage, end: float, *, critical: bool = False) -> Bar:
    return Bar(
        name=stage.name,
        word=WORDS[stage.name],
        left=_percent(stage.start, end),
        width=_percent(stage.seconds, end),
        seconds=stage.seconds,
        critical=critical,
    )


def _percent(seconds: float, end: float) -> float:
    return round(100 * seconds / end, 3) if end else 0.0


def _steps(path: Sequence[tuple[UnitRun, Stage]], anchors: Mapping[str, str]) -> tuple[Step, ...]:
    stages: dict[str, list[tuple[str, float]]] = {}
    for unit, stage in path:
        stages.setdefault(unit.name, []).append((WORDS[stage.name], stage.seconds))
    return tuple(Step(unit=name, anchor=anchors[name], stages=tuple(found)) for name, found in stages.items())


def _hold_ups(moments: Sequence[Moment], anchors: Mapping[str, str], end: float) -> tuple[HoldUp, ...]:
    """Who worked alone while others waited, longest first, three at most."""
    alone: dict[str, tuple[float, int]] = {}
    for moment in moments:
        if len(moment.working) == 1 and moment.waiting:
            [name] = moment.working
            seconds, waiting = alone.get(name, (0.0, 0))
            alone[name] = (seconds + moment.end - moment.start, max(waiting, len(moment.waiting)))
    told = [
        HoldUp(unit=name, anchor=anchors[name], seconds=seconds, waiting=waiting)
        for name, (seconds, waiting) in alone.items()
        if seconds >= _WORTH_TELLING * end
    ]
    return tuple(sorted(told, key=lambda each: -each.seconds)[:3])


def _load(moments: Sequence[Moment], end: float, peak: int) -> str:
    if not peak:
        return ""
    points = ["0,100"]
    for moment in moments:
        height = 100 - 100 * len(moment.working) / peak
        points += [f"{10 * _percent(time, end):g},{height:g}" for time in (moment.start, moment.end)]
    last = 10 * _percent(moments[-1].end, end)
    first = 10 * _percent(moments[0].start, end)
    return " ".join([points[0], f"{first:g},100", *points[1:], f"{last:g},100"])


def _ticks(end: float) -> tuple[tuple[float, float], ...]:
    step = next((step for step in _STEPS if end / step <= _MOST_TICKS), _STEPS[-1])
    return tuple((_percent(number * step, end), number * step) for number in range(int(end / step) + 1))
