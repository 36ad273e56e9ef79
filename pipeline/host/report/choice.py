"""Which run is meant: the one that is named, else the newest that this machine keeps of the fleet here."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.host.kept import Begun, Kept, kept_runs, of_fleet
from pipeline.host.machine.state import home
from pipeline.host.report.files import read_earlier, read_run
from pipeline.reporting import words
from pipeline.reporting.model import Run


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A run, the directory that it is in, and how its call began, where this machine has kept that."""

    run: Run
    folder: Path
    begun: Begun | None = None


def add_run(parser: argparse.ArgumentParser) -> None:
    """The argument that names a run, and the flag that says of which fleet."""
    parser.add_argument(
        "run",
        type=Path,
        nargs="?",
        metavar="RUN",
        help="a run.json, or what `run -o` wrote (default: the newest run of this fleet on this machine)",
    )
    parser.add_argument(
        "--source",
        type=Path,
        metavar="DIR",
        help="the fleet's directory (default: as in the run; without RUN, any in this work tree)",
    )


def choose(options: argparse.Namespace) -> Chosen:
    """The run that is meant; it is named on standard error where the command line does not.

    Raises UsageError where there is none.
    """
    if options.run:
        folder = options.run if options.run.is_dir() else options.run.parent
        return Chosen(run=read_run(options.run), folder=folder)
    newest = _newest(options)
    run = read_run(newest.folder)
    sys.stderr.write(f"{_told(run)} ({newest.folder})\n")
    return Chosen(run=run, folder=newest.folder, begun=newest.begun)


def runs_before(run: Run, options: argparse.Namespace, *, number: int) -> list[Run]:
    """Up to so many runs of the fleet that are kept and began before this one, oldest first."""
    if number <= 0:
        return []
    kept = of_fleet(kept_runs(home(os.environ)), source=options.source, here=Path.cwd())
    earlier = read_earlier([each.folder for each in kept], warn=True)
    return [each for each in earlier if each.started < run.started and each.units][-number:]


def _newest(options: argparse.Namespace) -> Kept:
    every = kept_runs(home(os.environ))
    found = of_fleet(every, source=options.source, here=Path.cwd())
    if not found:
        raise UsageError(
            f"no run of a fleet in {options.source or Path.cwd()} is kept on this machine",
            consequence="there is nothing to show",
            next_step=_elsewhere(every) or "`pipeline call build-all` makes one; or give a run.json",
        )
    return found[-1]


def _elsewhere(every: Sequence[Kept]) -> str:
    sources = sorted({each.begun.source for each in every if Path(each.begun.source).is_dir()})
    return f"give a run.json, or --source with one of: {', '.join(sources)}" if sources else ""


def _told(run: Run) -> str:
    """``build-all of mainpc, 2026-11-25 20:50:59 UTC, failed``."""
    return f"{run.function} of {run.fleet}, {words.moment(run.started)}: {run.verdict}"
