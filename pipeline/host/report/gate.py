"""`pipeline gate OUT`: prints a run for people and for GitHub, and ends with its verdict."""

import argparse
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.host.report.colour import wants_colour
from pipeline.host.report.complete import write_views
from pipeline.host.report.files import (
    add_command,
    command_of,
    encoded,
    read_earlier,
    read_run,
    read_verified,
)
from pipeline.reporting.colour import coloured, plain
from pipeline.reporting.github import show_github
from pipeline.reporting.markdown import Links, show_step_summary
from pipeline.reporting.model import Run
from pipeline.reporting.outcome import exit_code
from pipeline.reporting.releases import show_verify
from pipeline.reporting.terminal import show_summary
from pipeline.reporting.words import with_command


def main(words: Sequence[str] | None = None) -> int:
    """The command; returns the exit code of the run's verdict. Raises UsageError where there is no run."""
    parser = argparse.ArgumentParser(prog="pipeline gate", description=__doc__)
    parser.add_argument(
        "out",
        type=Path,
        metavar="OUT",
        help="what `run -o OUT` wrote, a run.json, or what `verify --format json -o` wrote",
    )
    parser.add_argument(
        "--earlier", type=Path, action="append", default=[], metavar="RUN", help="a run to compare with"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="also write the views in OUT anew: compared with --earlier, and with lines as printed",
    )
    add_command(parser)
    options = parser.parse_args(words)
    command = command_of(options)
    if verified := read_verified(options.out):
        _print(f"{show_verify(verified)}\n", command)
        return verified["exitCode"]
    # NB: the verdict is this run's: another one that cannot be read does not change it.
    run, earlier = read_run(options.out), read_earlier(options.earlier, warn=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        text = show_github(run, token=secrets.token_hex(16), earlier=earlier)
        summary = show_step_summary(run, links=links_of(os.environ, run), earlier=earlier)
        if file := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(file).open("ab") as stream:
                stream.write(encoded(with_command(summary, command)))
    else:
        paint = coloured if wants_colour(sys.stdout, os.environ) else plain
        text = show_summary(run, earlier=earlier, paint=paint)
    _print(text, command)
    if options.write:
        folder = options.out if options.out.is_dir() else options.out.parent
        write_views(folder, run, earlier=earlier, command=command)
    return exit_code(run)


def _print(text: str, command: str) -> None:
    sys.stdout.buffer.write(encoded(with_command(text, command)))
    sys.stdout.flush()


def links_of(environment: Mapping[str, str], run: Run) -> Links:
    """The addresses of a job: docs.github.com, "Default environment variables"."""
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    if not server or not name:
        return Links()
    repository = f"{server}/{name}"
    number = environment.get("GITHUB_RUN_ID")
    return Links(
        repository=repository,
        commit=run.commit or environment.get("GITHUB_SHA", ""),
        run=f"{repository}/actions/runs/{number}" if number else "",
    )
