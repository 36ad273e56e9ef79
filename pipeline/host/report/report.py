"""`pipeline report [RUN]`: any view of a run, made from its ``run.json`` alone."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.host.report.choice import add_run, choose, runs_before
from pipeline.host.report.colour import wants_colour
from pipeline.host.report.files import add_command, command_of, encoded, read_earlier
from pipeline.reporting.colour import coloured
from pipeline.reporting.model import Run
from pipeline.reporting.terminal import show_summary
from pipeline.reporting.views import FORMATS
from pipeline.reporting.words import with_command

_PAGE = "report.html"


def main(words: Sequence[str] | None = None) -> int:
    """The command; 0 whatever became of the run. Raises UsageError where there is no run."""
    options = _parser().parse_args(words)
    chosen = choose(options)
    output = options.output
    if options.format == "html" and not output and sys.stdout.isatty():
        output = chosen.folder / _PAGE
    command = command_of(options, called=chosen.begun.command if chosen.begun else "")
    content = encoded(with_command(_shown(chosen.run, options, in_file=bool(output)), command))
    if output:
        output.write_bytes(content)
        sys.stderr.write(f'Saved to "{output}".\n')
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline report", description=__doc__)
    add_run(parser)
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="default: %(default)s")
    parser.add_argument(
        "--earlier", type=Path, action="append", default=[], metavar="RUN", help="a run to compare with"
    )
    parser.add_argument(
        "--last",
        type=int,
        default=0,
        metavar="N",
        help="compare with the N runs before it that this machine keeps; the page shows the trend",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="instead of standard output (a page is not printed on a terminal, but written beside the run)",
    )
    add_command(parser)
    return parser


def _shown(run: Run, options: argparse.Namespace, *, in_file: bool) -> str:
    earlier = [*runs_before(run, options, number=options.last), *read_earlier(options.earlier)]
    if not in_file and options.format == "terminal" and wants_colour(sys.stdout, os.environ):
        return show_summary(run, earlier=earlier, paint=coloured)
    return FORMATS[options.format](run, earlier)
