"""Progress for a terminal: a table of what goes on, and above it a line for each thing that ended."""

import time
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.host.progress.board import Board, Line
from pipeline.host.progress.plain import sentence

_COLOURS = {"failed": "red", "cancelled": "yellow", "skipped": "yellow"}


class Drawing:
    """A live table; what other code prints meanwhile appears above it."""

    def __init__(self, stream: TextIO, board: Board, *, verbose: int) -> None:
        self._console = Console(file=stream, stderr=True)
        self._board = board
        self._verbose = verbose
        self._live = Live(
            console=self._console, get_renderable=self._table, refresh_per_second=8, transient=True
        )
        self._live.start()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        for row in self._board.rows()[: max(self._console.height - 2, 1)]:
            text = Text(row.text, no_wrap=True, overflow="ellipsis", style="dim")
            table.add_row(Text(row.name, style="bold"), row.stage, f"{now - row.since:.1f} s", text)
        return table

    def show(self, line: Line) -> None:
        """Tell one thing; while a shell has the terminal, the table is not there."""
        if line.stage == "terminal":
            (self._live.stop if line.text == "attached" else self._live.start)()
        elif self._verbose or not (line.detail or line.ongoing):
            self._console.print(Text(sentence(line), style=_COLOURS.get(line.status, "")))

    def close(self) -> None:
        """Take the table away."""
        self._live.stop()
