"""What is happening, as small values for whoever displays it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

EventKind = Literal["step", "log", "pull", "push", "exec", "service", "sweep"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened.

    ``name`` is the image, reference or command it belongs to; ``text`` one line for people (a build step's
    name, a log line, a registry's status); ``stream`` is "stdout" or "stderr" for log lines; ``seconds`` is
    the duration of what ended, 0 for what began or goes on.
    """

    kind: EventKind
    name: str
    text: str = ""
    stream: Literal["", "stdout", "stderr"] = ""
    seconds: float = 0.0


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of those who do not listen."""
