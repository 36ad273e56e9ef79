"""Calls of this module for a run that is over: with the run's own flags, on the source that is here."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import Catalog
from pipeline.host.kept import Begun
from pipeline.reporting.model import Run


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What calls stand on: the fleet's directory here; and how the run began, where this machine knows."""

    source: Path
    begun: Begun | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags that name secrets: ``--token env:NAME``."""
        return self.begun.flags if self.begun else ()


def call_words(ground: Ground, words: Sequence[str]) -> list[str]:
    """The command line of `pipeline call`, without its program."""
    return ["call", "--source", str(ground.source), *ground.flags, *words]


def _program(ground: Ground, words: Sequence[str]) -> list[str]:
    """The same in a process of its own."""
    return [sys.executable, "-m", "pipeline.host.command", *call_words(ground, words)]


def call_again(ground: Ground, words: Sequence[str]) -> int:
    """Call a function with its output as it comes; returns its exit code."""
    sys.stdout.flush()
    return subprocess.run(_program(ground, words), check=False).returncode


def ask_again(ground: Ground, words: Sequence[str]) -> tuple[int, str, str]:
    """Call a function for its result: exit code, what it printed, and its messages."""
    done = subprocess.run([*_program(ground, words), "--quiet"], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def catalog_of(run: Run, source: Path) -> Catalog:
    """The catalog of the source that is here. Raises CatalogError for a wrong one."""
    flags = dict(zip(run.flags[::2], run.flags[1::2], strict=False))
    return load_catalog(source, flags.get("--catalog", "fleet.toml"))
