"""`pipeline report RUN`: any view of a run, made from its ``run.json`` alone."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.local.report.colour import wants_colour
from pipeline.local.report.files import add_command, command_of, encoded, read_earlier, read_run
from pipeline.reporting.colour import coloured
from pipeline.reporting.terminal import show_summary
from pipeline.reporting.views import FORMATS
from pipeline.reporting.words import with_command


def main(words: Sequence[str] | None = None) -> int:
    """The command; 0 whatever became of the run. Raises UsageError where there is no run."""
    parser = argparse.ArgumentParser(prog="pipeline report", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="a run.json, or what `run -o` wrote")
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="default: %(default)s")
    parser.add_argument(
        "--earlier", type=Path, action="append", default=[], metavar="RUN", help="a run to compare with"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="instead of standard output")
    add_command(parser)
    options = parser.parse_args(words)
    run, earlier = read_run(options.run), read_earlier(options.earlier)
    if not options.output and options.format == "terminal" and wants_colour(sys.stdout, os.environ):
        shown = show_summary(run, earlier=earlier, paint=coloured)
    else:
        shown = FORMATS[options.format](run, earlier)
    content = encoded(with_command(shown, command_of(options)))
    if options.output:
        options.output.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    return 0
