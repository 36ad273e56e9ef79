"""How long a unit took to be built and its services to be ready: as a run or the evidence of a release tells.

Times are those of the machine that built and tested it, with what its caches held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.reporting import words
from pipeline.reporting.model import Before, Check, UnitRun, Verdict

_READY = "health"  # the check whose seconds are those until the service was ready
_GOOD = (Verdict.PASSED, Verdict.REUSED)
ENOUGH = 0.25  # of a service's time to ready before; and at least so many seconds:
SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds, 0.0 or absent where they are not known; ``ready`` and ``smoke`` by service."""

    build: float = 0.0
    push: float = 0.0
    ready: Mapping[str, float] = field(default_factory=dict[str, float])
    smoke: Mapping[str, float] = field(default_factory=dict[str, float])


def ready_seconds(checks: Sequence[Check]) -> float:
    """Seconds until a service was ready, by the checks of its smoke test; 0.0 where none says."""
    return next((each.seconds for each in checks if each.name == _READY and each.verdict in _GOOD), 0.0)


def times_of(unit: UnitRun) -> Times:
    """The times of a unit in a run."""
    good = [service for service in unit.services if service.verdict in _GOOD]
    return Times(
        build=unit.built or _stages(unit, "build"),
        push=_stages(unit, "candidate"),
        ready=_known({each.name: ready_seconds(each.checks) for each in good}),
        smoke=_known({each.name: each.seconds or each.took for each in good}),
    )


def times_before(unit: Before) -> Times:
    """The times of a unit of the release before."""
    return Times(
        build=unit.built,
        ready=_known({each.name: each.ready for each in unit.tests}),
        smoke=_known({each.name: each.seconds for each in unit.tests}),
    )


def _stages(unit: UnitRun, name: str) -> float:
    return sum(stage.seconds for stage in unit.stages if stage.name == name)


def _known(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in seconds.items() if value}


def show_times(before: Times, after: Times) -> tuple[str, ...]:
    """``build 12 s → 21 s``, ``ready 2.1 s → 3.4 s`` and so on, where both are known and differ.

    Of several services ``ready`` and ``smoke`` are those of the slowest, and who got slower or faster by much
    is named.
    """
    common = before.ready.keys() & after.ready.keys()
    told = [
        _pair("build", before.build, after.build),
        *(_slowest(word, getattr(before, word), getattr(after, word)) for word in ("ready", "smoke")),
        _pair("push", before.push, after.push),
        *(
            _pair(f"{name} ready", before.ready[name], after.ready[name])
            for name in after.ready
            if len(common) > 1 and name in common and _is_news(before.ready[name], after.ready[name])
        ),
    ]
    return tuple(filter(None, told))


def _slowest(word: str, before: Mapping[str, float], after: Mapping[str, float]) -> str:
    common = before.keys() & after.keys()
    return _pair(word, *(max((each[name] for name in common), default=0.0) for each in (before, after)))


def _pair(word: str, before: float, after: float) -> str:
    old, new = words.duration(before), words.duration(after)
    return f"{word} {old} → {new}" if before and after and old != new else ""


def _is_news(before: float, after: float) -> bool:
    return abs(after - before) >= max(SECONDS, ENOUGH * before)
