"""What is happening, on stderr: a table on a terminal, lines on a pipe, folded groups in GitHub Actions."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Protocol, TextIO

from pipeline.host.progress.board import Board, Line, from_event
from pipeline.host.progress.plain import GitHub, Json, Plain


class Display(Protocol):
    """Whatever can show lines."""

    def show(self, line: Line) -> None:
        """Tell one thing."""
        ...

    def close(self) -> None:
        """Tell what was held back, and leave the terminal as it was."""
        ...


class _Silent:
    def show(self, line: Line) -> None:
        pass

    def close(self) -> None:
        pass


def _display(stream: TextIO, board: Board, *, mode: str, verbose: int) -> Display:
    environment = os.environ
    if mode == "auto" and environment.get("GITHUB_ACTIONS") == "true":
        return GitHub(stream)
    if mode == "rich" or (mode == "auto" and stream.isatty() and environment.get("TERM") != "dumb"):
        from pipeline.host.progress.table import Drawing

        return Drawing(stream, board, verbose=verbose)
    return Json(stream) if mode == "json" else Plain(stream, verbose=verbose)


class Progress(logging.Handler):
    """Hears of the engine's events and of the module's log, and shows both.

    The graph logs each change of a stage through ``logging.getLogger("pipeline")`` with ``extra`` keys
    ``unit``, ``stage``, ``status`` and optionally ``seconds``.
    """

    def __init__(self, *, mode: str, verbose: int, quiet: bool = False, stream: TextIO | None = None) -> None:
        super().__init__(logging.DEBUG if verbose else logging.INFO)
        self.board = Board()
        self._stopped = False
        target = stream or sys.stderr
        self._display = _Silent() if quiet else _display(target, self.board, mode=mode, verbose=verbose)
        self._logger = logging.getLogger("pipeline")
        self._logger.addHandler(self)
        self._logger.setLevel(self.level)
        self._logger.propagate = False

    def show(self, line: Line) -> None:
        """Take in one thing and show it."""
        if not self._stopped:
            self.board.take(line)
            self._display.show(line)

    def stop(self) -> None:
        """Hear no more: what is cancelled from now on has not finished."""
        self._stopped = True

    def event(self, event: Mapping[str, Any]) -> None:
        """Hear of an event of the local engine."""
        self.show(from_event(event))

    def emit(self, record: logging.LogRecord) -> None:
        """Hear of a log record; of the run's end the result tells."""
        facts = vars(record)
        if "run" in facts:
            return
        unit = facts.get("unit")
        # NB: what waits is a row of the table; among lines it would be half of them.
        detail = facts.get("stage") == "wait"
        name, stage = (unit, facts.get("stage", "")) if unit else (record.name, record.levelname.lower())
        status = facts.get("status", "") if unit else record.getMessage()
        text = (
            "" if unit and facts.get("status") == record.getMessage() else record.getMessage() if unit else ""
        )
        seconds = float(facts.get("seconds") or 0)
        self.show(Line(name=name, stage=stage, status=status, text=text, seconds=seconds, detail=detail))

    def last_words(self) -> None:
        """Say what had not finished when the command was told to stop."""
        self.close()
        sys.stderr.writelines(f"{each}\n" for each in ("Interrupted.", *self.board.unfinished()))

    def close(self) -> None:
        """Stop showing."""
        self._logger.removeHandler(self)
        self._display.close()
        super().close()
