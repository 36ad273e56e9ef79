"""Progress for pipes, for programs and for GitHub Actions: lines, JSON lines, folded groups."""

import json
from collections import defaultdict
from dataclasses import asdict
from typing import TextIO

from pipeline.local.progress.board import Line


def sentence(line: Line) -> str:
    """A line for people."""
    took = f" ({line.seconds:.1f} s)" if line.seconds else ""
    words = [f"{line.name}:", line.stage, line.status, line.text.rstrip()]
    return " ".join(filter(None, words)) + took


def _worth_telling(line: Line, verbose: int) -> bool:
    return bool(line.status) or verbose > 0


class Plain:
    """One line for each change of a stage; with ``verbose`` also build steps and output."""

    def __init__(self, stream: TextIO, *, verbose: int) -> None:
        self._stream = stream
        self._verbose = verbose

    def show(self, line: Line) -> None:
        """Tell one thing."""
        if _worth_telling(line, self._verbose):
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
    """Stage changes as lines; what was said in between is folded under the stage's end.

    Groups cannot be nested or interleaved: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._details: defaultdict[str, list[str]] = defaultdict(list)

    def show(self, line: Line) -> None:
        """Tell one thing, or keep it for its group."""
        if not line.status:
            self._details[line.name].append(line.text.rstrip())
        elif line.ongoing or not self._details[line.name]:
            self._stream.write(sentence(line) + "\n")
        else:
            self._group(sentence(line), self._details.pop(line.name))
        self._stream.flush()

    def _group(self, title: str, details: list[str]) -> None:
        # NB: a program's own output must not be read as a workflow command
        inert = [
            each.replace("::", ":\u200b:", 1) if each.lstrip().startswith("::") else each for each in details
        ]
        self._stream.write("\n".join([f"::group::{title}", *inert, "::endgroup::", ""]))

    def close(self) -> None:
        """Tell what was kept of things that never ended."""
        for name, details in self._details.items():
            if details:
                self._group(f"{name}: not finished", details)
        self._details.clear()
        self._stream.flush()
