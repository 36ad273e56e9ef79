"""What changed: the images of a run against the deployed release, or against an earlier run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.reporting import words
from pipeline.reporting.model import Before, Run, UnitRun, Verdict
from pipeline.reporting.times import Times, show_times, times_before, times_of

_WORK = ("build", "smoke", "candidate")
ENOUGH = 0.25  # of the earlier time; and at least so many seconds:
SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class State:
    """A unit as it was or is. Empty digest, size 0, seconds 0.0: not known, or nothing was done.

    ``seconds`` are what a run had to do for it; ``times`` what it took whenever that was done.
    """

    digest: str = ""
    size: int = 0
    seconds: float = 0.0
    times: Times = field(default_factory=Times)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One unit that is not as before. ``what`` is new, gone, changed, rebuilt, slower or faster."""

    name: str
    what: str
    before: State
    after: State


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All of them, and what the run is compared with; ``same`` counts the units that are as before."""

    against: str
    changes: tuple[Change, ...]
    same: int


def find_changes(run: Run, earlier: Sequence[Run] = ()) -> tuple[Changes, ...]:
    """Against the deployed release, where the run knows it, and against the last of ``earlier``."""
    found: list[Changes] = []
    if run.previous:
        before = {unit.name: _released(unit) for unit in run.previous.units}
        found.append(_compare(run, before, f"release {run.previous.tag} (canary)"))
    if earlier:
        last = earlier[-1]
        against = f"{last.function} of {words.moment(last.started) or 'an earlier time'}"
        found.append(_compare(run, {unit.name: _state(unit) for unit in last.units}, against))
    return tuple(found)


def _compare(run: Run, before: Mapping[str, State], against: str) -> Changes:
    ended = (Verdict.FAILED, Verdict.CANCELLED)
    after = {unit.name: unit for unit in run.units if unit.verdict not in ended}
    changes = [
        Change(name=name, what=what, before=before.get(name, State()), after=_state(unit))
        for name, unit in after.items()
        if (what := _what(before.get(name), unit))
    ]
    # NB: a run of a part of the fleet says nothing about the rest.
    whole = not {"--only", "--shard"} & set(run.arguments)
    gone = [name for name in before if whole and name not in {unit.name for unit in run.units}]
    changes += [Change(name=name, what="gone", before=before[name], after=State()) for name in gone]
    return Changes(against=against, changes=tuple(changes), same=len(after) - len(changes) + len(gone))


def _what(before: State | None, unit: UnitRun) -> str:
    after = _state(unit)
    if before is None:
        return "new"
    if before.digest and after.digest:
        if before.digest != after.digest:
            return "changed"
    elif unit.decision == "build":
        return "rebuilt"
    return _pace(before.seconds, after.seconds)


def _pace(before: float, after: float) -> str:
    """NB: what took no time was reused: that is no news."""
    if not before or not after or abs(after - before) < max(SECONDS, ENOUGH * before):
        return ""
    return "slower" if after > before else "faster"


def _state(unit: UnitRun) -> State:
    seconds = sum(stage.seconds for stage in unit.stages if stage.name in _WORK)
    return State(digest=unit.digest, size=unit.size, seconds=round(seconds, 2), times=times_of(unit))


def _released(unit: Before) -> State:
    return State(digest=unit.digest, size=unit.size, times=times_before(unit))


def in_words(change: Change) -> str:
    """``changed: sha256:… → sha256:…, 474 MB → 480 MB, build 12 s → 21 s``; only what differs."""
    told = ", ".join(filter(None, parts(change)))
    return f"{change.what}: {told}" if told else change.what


def parts(change: Change) -> tuple[str, str, str]:
    """Digests, sizes and times, each ``before → now``, or empty where they do not differ or are not known."""
    before, after = change.before, change.after
    pairs = [
        (words.short_digest(before.digest), words.short_digest(after.digest)),
        (words.size(before.size), words.size(after.size)),
    ]
    digest, size = (f"{old} → {new}" if old != new else "" for old, new in pairs)
    return digest, size, ", ".join(show_times(before.times, after.times))


def show_changes(run: Run, earlier: Sequence[Run]) -> tuple[str, ...]:
    """One block of lines for each thing that the run is compared with."""
    return tuple(
        "\n".join(
            [
                f"against {found.against}: {len(found.changes)} changed, {found.same} as before",
                *(f"  {change.name}: {in_words(change)}" for change in found.changes),
            ]
        )
        for found in find_changes(run, earlier)
    )
