"""What a build does, step by step: the StatusResponse of a moby.buildkit.trace."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from pipeline.local.docker.messages import buildkit
from pipeline.local.docker.model import Event, Listener

RAN = re.compile(
    r'executor failed running \[(.*)\]: |process "(.*)" did not complete successfully', re.DOTALL
)
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
        status = buildkit.StatusResponse.FromString(base64.b64decode(encoded))
        for vertex in status.vertexes:
            self._vertex(vertex)
        for log in status.logs:
            self._log(log)

    def failed(self) -> Step | None:
        """The step whose own failure ended the build."""
        steps = self._steps.values()
        return next((each for each in steps if each.error and "context canceled" not in each.error), None)

    def _vertex(self, vertex: Any) -> None:
        step = self._steps.setdefault(vertex.digest, Step(vertex.name))
        step.name = step.name or vertex.name  # its log may have come first
        step.error = vertex.error
        if vertex.HasField("completed") and not step.done:
            step.done = True
            if not step.error:
                step.streams = {1: bytearray(), 2: bytearray()}
            began = vertex.started if vertex.HasField("started") else vertex.completed
            seconds = max(0.0, _seconds(vertex.completed) - _seconds(began))
            self._tell(step, "cached" if vertex.cached else "done", seconds)
        elif vertex.HasField("started") and not step.begun:
            step.begun = True
            self._tell(step, "", 0.0)

    def _tell(self, step: Step, state: str, seconds: float) -> None:
        text = f"{step.name} {'failed' if step.error else state}".rstrip()
        self._on_event(Event(kind="step", name=self._name, text=text, seconds=seconds))

    def _log(self, log: Any) -> None:
        step = self._steps.setdefault(log.vertex, Step(""))
        kept = step.streams.setdefault(log.stream, bytearray())
        kept += log.msg
        del kept[:-KEEP]
        which = "stderr" if log.stream == 2 else "stdout"
        for line in log.msg.decode(errors="replace").splitlines():
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
    match = RAN.search(error)
    return (match[1] or match[2]) if match else ""


def _seconds(stamp: Any) -> float:
    return stamp.seconds + stamp.nanos / 1e9
