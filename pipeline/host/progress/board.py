"""What is going on right now: one row per unit or per thing the engine works on."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

_ENDS = ("done", "cached", "failed", "stopped", "ready")
ONGOING = frozenset({"wait", "waiting", "start", "started", "running"})


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing to tell.

    ``stage`` is a unit's (build, smoke, candidate) or the kind of an engine's event, which is a ``detail``;
    ``status`` is empty for what neither begins nor ends, such as a line of output; ``seconds`` the duration
    of what ended.
    """

    name: str
    stage: str
    status: str = ""
    text: str = ""
    seconds: float = 0.0
    detail: bool = False

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
    kind, text, seconds = event["kind"], event.get("text", ""), float(event.get("seconds", 0.0))
    ended = seconds > 0 or text.endswith(_ENDS)
    status = ("done" if ended else "running") if kind in ("step", "exec", "service") else ""
    return Line(name=event["name"], stage=kind, status=status, text=text, seconds=seconds, detail=True)


class Board:
    """The rows, changed from the engine's thread and the module's, read by whoever draws."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[tuple[str, str], Row] = {}
        self._lock = threading.Lock()

    def take(self, line: Line) -> None:
        """Let a line change the rows."""
        if not line.status:
            return
        key = (line.name, line.stage if line.detail else "")
        with self._lock:
            row = self._rows.get(key)
            if not line.ongoing:
                if row and row.stage == line.stage:
                    del self._rows[key]
            elif row is None or row.stage != line.stage:
                self._rows[key] = Row(name=line.name, stage=line.stage, since=self._clock(), text=line.text)
            else:
                self._rows[key] = replace(row, text=line.text)

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
