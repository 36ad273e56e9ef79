"""What is going on right now: one row per unit or per thing the engine works on."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

ONGOING = frozenset({"wait", "waiting", "start", "started", "running"})


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing to tell.

    ``stage`` is a unit's (build, smoke, candidate) or the kind of an engine's event; ``status`` is empty for
    a detail such as a build step or a line of output; ``seconds`` the duration of what ended.
    """

    name: str
    stage: str
    status: str = ""
    text: str = ""
    seconds: float = 0.0

    @property
    def ongoing(self) -> bool:
        """Whether it is the begin of something."""
        return self.status in ONGOING


@dataclass(frozen=True, kw_only=True)
class Row:
    """Something that goes on since ``since`` (monotonic seconds)."""

    name: str
    stage: str
    since: float
    text: str = ""


def from_event(event: Mapping[str, Any]) -> Line:
    """A line from the local engine's event, as its process sends it."""
    kind, seconds = event["kind"], float(event.get("seconds", 0.0))
    status = "" if kind in ("log", "step") else "done" if seconds else "running"
    return Line(name=event["name"], stage=kind, status=status, text=event.get("text", ""), seconds=seconds)


class Board:
    """The rows, changed from the engine's thread and the module's, read by whoever draws."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._lock = threading.Lock()

    def take(self, line: Line) -> None:
        """Let a line change the rows."""
        with self._lock:
            row = self._rows.get(line.name)
            if line.status and not line.ongoing:
                if row and row.stage == line.stage:
                    del self._rows[line.name]
            elif line.status and (row is None or row.stage != line.stage):
                self._rows[line.name] = Row(
                    name=line.name, stage=line.stage, since=self._clock(), text=line.text
                )
            elif row:
                self._rows[line.name] = replace(row, text=line.text)

    def rows(self) -> tuple[Row, ...]:
        """What goes on, the oldest first."""
        with self._lock:
            return tuple(self._rows.values())

    def unfinished(self) -> tuple[str, ...]:
        """One line for each thing that has not ended."""
        now = self._clock()
        return tuple(
            f"{row.name}: {row.stage} not finished after {now - row.since:.1f} s" for row in self.rows()
        )
