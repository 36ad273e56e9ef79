"""What two releases differ in, by their records alone."""

from dataclasses import dataclass
from typing import Literal

from pipeline.registry.documents.record import Record, Released

Change = Literal["added", "removed", "changed", "rebuilt", "same"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One family or image: ``rebuilt`` has another digest although its build key is the same."""

    kind: str
    name: str
    change: Change
    before: Released | None
    after: Released | None


def diff(before: Record, after: Record) -> tuple[Difference, ...]:
    """Every family and image of either, families first, by name."""
    old = {(unit.kind, unit.name): unit for unit in before.units}
    new = {(unit.kind, unit.name): unit for unit in after.units}
    return tuple(
        _one(kind, name, old.get((kind, name)), new.get((kind, name))) for kind, name in sorted(old | new)
    )


def _one(kind: str, name: str, before: Released | None, after: Released | None) -> Difference:
    return Difference(kind=kind, name=name, change=_change(before, after), before=before, after=after)


def _change(before: Released | None, after: Released | None) -> Change:
    if before is None or after is None:
        return "added" if before is None else "removed"
    if (before.repository, before.digest) == (after.repository, after.digest):
        return "same"
    return "rebuilt" if before.build_key and before.build_key == after.build_key else "changed"
