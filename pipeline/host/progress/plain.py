"""Progress for pipes, for programs and for GitHub Actions: lines, JSON lines, folded groups."""

import json
from collections import defaultdict, deque
from dataclasses import asdict
from typing import TextIO

from pipeline.host.progress.board import Line

_KEPT_LINES = 2000


def sentence(line: Line) -> str:
    """A line for people."""
    took = f" ({line.seconds:.1f} s)" if line.seconds else ""
    words = [f"{line.name}:", line.stage, line.status, line.text.rstrip()]
    return " ".join(filter(None, words)) + took


class Plain:
    """One line for each change of a stage; with ``verbose`` also the engine's steps and output."""

    def __init__(self, stream: TextIO, *, verbose: int) -> None:
        self._stream = stream
        self._verbose = verbose

    def show(self, line: Line) -> None:
        """Tell one thing."""
        if self._verbose or not line.detail:
            self._stream.write(sentence(line) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing is held back."""


class Json:
    """Every line as JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, line: Line) -> None:
        """Tell one thing."""
        self._stream.write(json.dumps(asdict(line)) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing is held back."""


class GitHub:
    """Changes of stages as lines; at the end, folded, what each build and command said.

    Groups cannot be nested or interleaved:
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._said: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_KEPT_LINES))

    def show(self, line: Line) -> None:
        """Tell one thing, or keep it for its group."""
        if line.detail:
            self._said[line.name].append(line.text.rstrip())
        else:
            self._stream.write(sentence(line) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Tell what was kept."""
        for name, lines in self._said.items():
            # NB: a program's own output must not be read as a workflow command
            inert = [each.replace("::", ":\u200b:") for each in lines if each]
            self._stream.write("\n".join([f"::group::{name}", *inert, "::endgroup::", ""]))
        self._said.clear()
        self._stream.flush()
