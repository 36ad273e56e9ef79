"""Reads ``run.json`` files that people name."""

import argparse
import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.reporting import read
from pipeline.reporting.model import Run

NAME = "run.json"


def add_command(parser: argparse.ArgumentParser) -> None:
    """The flags that say how reproduction lines begin."""
    parser.add_argument(
        "--command",
        help="what reproduction lines begin with (default: as the run that is kept was called, else "
        "'dagger call' where there is one, else 'pipeline call')",
    )
    parser.add_argument(
        "--module",
        default="",
        metavar="REF",
        help="the module that they name, where the fleet's repository is not its own: "
        "github.com/OWNER/pipeline@COMMIT",
    )


def command_of(options: argparse.Namespace, *, called: str = "") -> str:
    """What reproduction lines begin with: ``dagger call -m REF --source fleet``; ``called`` is how it was."""
    usual = "dagger call" if shutil.which("dagger") else "pipeline call"
    head, call, rest = (options.command or called or usual).partition(" call")
    module = f" -m {shlex.quote(options.module)}" if options.module else ""
    return f"{head}{call}{module}{rest}"


def encoded(text: str) -> bytes:
    """NB: what services print is any Unicode, lone surrogates among it."""
    return text.encode("utf-8", "backslashreplace")


def read_run(path: Path) -> Run:
    """The run in a file, or in the directory that `run -o` wrote.

    Raises UsageError where there is none, and for a file that is not a run's.
    """
    file = path / NAME if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            "there is no such file",
            where=str(file),
            consequence="nothing is known about the run: it counts as failed",
            next_step="see why `run -o` did not write it: its own messages are above",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(file)) from None
    return read.read_run(text, where=str(file))


def read_verified(path: Path) -> dict[str, Any] | None:
    """What `verify --format json -o` wrote; None for anything else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and {"outcome", "exitCode"} <= document.keys() else None


def read_earlier(paths: Sequence[Path], *, warn: bool = False) -> list[Run]:
    """Earlier runs, the oldest first. With ``warn`` one that cannot be read is left out, with a warning."""
    read = _read_or_warn if warn else read_run
    found = [run for run in map(read, paths) if run]
    return sorted(found, key=lambda run: run.started)


def _read_or_warn(path: Path) -> Run | None:
    try:
        return read_run(path)
    except UsageError as error:
        sys.stderr.write(f"Warning: not compared with {path}: {error.what}\n")
        return None
