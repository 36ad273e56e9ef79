"""What a build does, step by step: moby.buildkit.trace, a StatusResponse in protocol buffers.

https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.local.docker import protobuf
from pipeline.local.docker.model import Event, Listener

KEEP = 1 << 20  # bytes of each stream of a step: BuildKit itself cuts at 2 MiB by default


@dataclass
class Step:
    """One vertex of the build's graph."""

    name: str
    error: str = ""
    begun: bool = False
    done: bool = False
    streams: dict[int, bytearray] = field(default_factory=lambda: {1: bytearray(), 2: bytearray()})


class Trace:
    """Follows one build: tells its listener, and remembers the streams of what is running or has failed."""

    def __init__(self, name: str, on_event: Listener) -> None:
        self._name = name
        self._on_event = on_event
        self._steps: dict[str, Step] = {}

    def feed(self, encoded: str) -> None:
        """Take the ``aux`` of one message."""
        status = protobuf.decode(base64.b64decode(encoded))
        for vertex in protobuf.messages(status, 1):
            self._vertex(vertex)
        for log in protobuf.messages(status, 3):
            self._log(log)

    def failed(self) -> Step | None:
        """The step whose own failure ended the build."""
        failures = [
            step for step in self._steps.values() if step.error and "context canceled" not in step.error
        ]
        return failures[0] if failures else None

    def _vertex(self, vertex: Mapping[int, list[int | bytes]]) -> None:
        step = self._steps.setdefault(protobuf.text(vertex, 1), Step(protobuf.text(vertex, 3)))
        step.name = step.name or protobuf.text(vertex, 3)  # its log may have come first
        step.error = protobuf.text(vertex, 7)
        if 6 in vertex and not step.done:
            step.done = True
            if not step.error:
                step.streams = {1: bytearray(), 2: bytearray()}
            self._tell(step, "cached" if protobuf.number(vertex, 4) else "done", _seconds(vertex))
        elif 5 in vertex and not step.begun:
            step.begun = True
            self._tell(step, "", 0.0)

    def _tell(self, step: Step, state: str, seconds: float) -> None:
        text = f"{step.name} {'failed' if step.error else state}".rstrip()
        self._on_event(Event(kind="step", name=self._name, text=text, seconds=seconds))

    def _log(self, log: Mapping[int, list[int | bytes]]) -> None:
        step = self._steps.setdefault(protobuf.text(log, 1), Step(""))
        stream, message = protobuf.number(log, 3), protobuf.data(log, 4)
        kept = step.streams.setdefault(stream, bytearray())
        kept += message
        del kept[:-KEEP]
        for line in message.decode(errors="replace").splitlines():
            which = "stderr" if stream == 2 else "stdout"
            self._on_event(Event(kind="log", name=self._name, text=line, stream=which))


def command_of(step: Step) -> tuple[str, ...]:
    """The argument vector of a failed RUN.

    BuildKit tells it joined by blanks; the step's name has what stands after RUN, so what is before is the
    shell.
    """
    joined = joined_command(step.error)
    written = re.sub(r"^(\[[^\]]*\] )?RUN (--\S+ )*", "", step.name)
    if written and joined.endswith(written) and joined != written:
        return (*joined[: -len(written)].split(), written)
    shell = re.match(r"(\S+ -\w+) (.*)", joined, re.DOTALL)
    return (*shell[1].split(), shell[2]) if shell else tuple(joined.split())


def joined_command(error: str) -> str:
    """The command in BuildKit's message: ``running [sh -c …]`` in Docker 20.10, later ``process "…"``."""
    old = re.search(r"executor failed running \[(.*)\]: ", error, re.DOTALL)
    new = re.search(r'process "(.*)" did not complete successfully', error, re.DOTALL)
    match = old or new
    return match[1] if match else ""


def _seconds(vertex: Mapping[int, list[int | bytes]]) -> float:
    started, completed = (_times(protobuf.messages(vertex, number)) for number in (5, 6))
    return max(0.0, completed - started) if started else 0.0


def _times(stamps: Iterable[Mapping[int, list[int | bytes]]]) -> float:
    return max((protobuf.number(stamp, 1) + protobuf.number(stamp, 2) / 1e9 for stamp in stamps), default=0.0)
