"""How verdicts went over several runs of a fleet: what turned since an earlier one, and the trend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.reporting.model import Run, Verdict

_LAST = 20  # runs that a trend shows
_MADE = {"reuse": "reused"}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A build or test that ended otherwise than before."""

    name: str
    before: str
    now: str


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a trend; ``height`` is percent of the longest, ``size`` the bytes of its images."""

    run: Run
    height: float
    size: int


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A build or test over the runs: a verdict for each, empty where a run had it not."""

    name: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Runs, oldest first; ``strips`` are of what ever failed, ``steady`` counts the others."""

    points: tuple[Point, ...]
    strips: tuple[Strip, ...]
    steady: int


def find_turns(run: Run, earlier: Run) -> tuple[Turn, ...]:
    """What both runs dealt with, and which ended otherwise; passed and reused are the same."""
    before, now = _verdicts(earlier), _verdicts(run)
    return tuple(
        Turn(name=name, before=before[name], now=verdict)
        for name, verdict in now.items()
        if name in before and _settled(before[name]) != _settled(verdict)
    )


def _settled(verdict: str) -> str:
    return "passed" if verdict == "reused" else verdict


def trend(runs: Sequence[Run]) -> Trend | None:
    """How the last runs went, oldest first; None for fewer than two."""
    ordered = sorted(runs, key=lambda run: run.started)[-_LAST:]
    if len(ordered) < 2:
        return None
    longest = max(run.seconds for run in ordered) or 1.0
    verdicts = [_verdicts(run) for run in ordered]
    names = list(dict.fromkeys(name for found in reversed(verdicts) for name in found))
    strips = [Strip(name=name, verdicts=tuple(found.get(name, "") for found in verdicts)) for name in names]
    ever_red = tuple(strip for strip in strips if "failed" in strip.verdicts)
    return Trend(
        points=tuple(
            Point(run=run, height=round(max(100 * run.seconds / longest, 2), 1), size=_image_bytes(run))
            for run in ordered
        ),
        strips=ever_red,
        steady=len(strips) - len(ever_red),
    )


def _image_bytes(run: Run) -> int:
    return sum(unit.size for unit in run.units if unit.kind == "image")


def _verdicts(run: Run) -> Mapping[str, str]:
    """Verdicts of builds by unit, and of tests by ``unit / service``."""
    found: dict[str, str] = {}
    for unit in run.units:
        cut_short = unit.failure is not None or unit.verdict is Verdict.CANCELLED
        found[unit.name] = str(unit.verdict) if cut_short else _MADE.get(unit.decision, "passed")
        for service in unit.services:
            name = unit.name if service.name == unit.name else f"{unit.name} / {service.name}"
            if found.get(name) != "failed":
                found[name] = str(service.verdict)
    return found
