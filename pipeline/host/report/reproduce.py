"""`pipeline reproduce [RUN]`: repeats what failed in a run, with the run's inputs, and says what differs.

Nothing is checked out. It ends with 0 when nothing fails any more, with the code of `pipeline gate` when
something fails again, and with 20 when nothing fails but the inputs are not those of the run.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.host.report.again import Ground, call_again, call_words
from pipeline.host.report.choice import Chosen, add_run, choose
from pipeline.host.report.differences import base_is_gone, find_differences
from pipeline.host.report.shell import open_shell, the_one
from pipeline.reporting import words
from pipeline.reporting.model import Failure, Run, UnitRun
from pipeline.reporting.outcome import EXIT_CODES, OTHERWISE

OTHER_INPUTS = 20


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code. Raises UsageError where no run is, or nothing of that name."""
    parser = argparse.ArgumentParser(
        prog="pipeline reproduce", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_run(parser)
    parser.add_argument(
        "--image", action="append", default=[], metavar="NAME", help="only this image or family"
    )
    parser.add_argument(
        "--shell", action="store_true", help="open a shell at the point of failure instead of repeating it"
    )
    options = parser.parse_args(argv)
    meant = choose(options)
    run, ground = meant.run, _ground(meant, options.source)
    chosen = _chosen(run, options.image)
    if not chosen:
        print("nothing failed in this run")
        return 0
    chosen = tuple(block for block in chosen if block.reproduce)
    if not chosen:
        raise UsageError(
            "what failed in this run was its command line, of which it keeps no copy",
            next_step="correct the flag, and call again",
        )
    if options.shell:
        chosen = (the_one(chosen),)
    differ = find_differences(run, _units(run, chosen), ground, Path.cwd())
    _tell(differ)
    if options.shell:
        return open_shell(run, chosen[0], ground)
    return _repeat(chosen, ground, same=not differ)


def _ground(meant: Chosen, given: Path | None) -> Ground:
    """What is repeated on: as given, else as the run was called, else as its repository has it."""
    usual = meant.begun.source if meant.begun else meant.run.folder or "fleet"
    return Ground(source=given or Path(usual), begun=meant.begun)


def _chosen(run: Run, names: Sequence[str]) -> tuple[Failure, ...]:
    known = {unit.name for unit in run.units} | {block.subject for block in words.failures(run)}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(
            f"nothing is called {unknown[0]!r} in this run",
            where="--image",
            next_step=f"use one of: {', '.join(sorted(known)) or 'none'}",
        )
    return tuple(block for block in words.failures(run) if not names or block.subject in names)


def _units(run: Run, chosen: Sequence[Failure]) -> list[UnitRun]:
    subjects = {block.subject for block in chosen}
    return [unit for unit in run.units if unit.name in subjects]


def _tell(differ: Sequence[str]) -> None:
    print("as in the run: commit, settings, build keys, bases" if not differ else "not as in the run:")
    for line in differ:
        print(f"  {line}")


def _repeat(chosen: Sequence[Failure], ground: Ground, *, same: bool) -> int:
    again: list[Failure] = []
    for block in chosen:
        line = _line(block)
        print(
            f"\n== {words.title(block)}\n   {shlex.join(['pipeline', *call_words(ground, line)])}", flush=True
        )
        if call_again(ground, line):
            again.append(block)
    print(f"\n{len(again)} of {len(chosen)} failed again", file=sys.stdout)
    for block in chosen:
        print(f"  {'again' if block in again else 'not again'}: {words.title(block)}")
    if again:
        stages = {block.stage for block in again}
        return next((code for stage, code in EXIT_CODES.items() if stage in stages), OTHERWISE)
    return 0 if same else OTHER_INPUTS


def _line(block: Failure) -> list[str]:
    """The block's line; without its base where that was only known to a machine that is gone."""
    line = list(block.reproduce)
    if "--base" in line:
        at = line.index("--base")
        if base_is_gone(line[at + 1]):
            print(f"  {line[at + 1]} is gone from its registry: the base is taken as it is planned here")
            del line[at : at + 2]
    return line
