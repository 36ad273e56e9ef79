"""The newest runs of `pipeline call` on this machine: shown and repeated without being named.

Each has a directory below ``$PIPELINE_HOME/runs``, named by when it ended: ``run.json``, the run model, and
``call.json``: of which fleet it was and how its call began. It appears at once or not at all, so that runs
beside one another do not disturb each other.
"""

import contextlib
import json
import logging
import os
import re
import shlex
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.host.work_tree import changes_of, commit_of

RUNS = "runs"
MOST = 20
_RUN, _CALL = "run.json", "call.json"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_ABANDONED = 3600.0  # seconds after which what a killed process has begun is removed


@dataclass(frozen=True, kw_only=True)
class Begun:
    """How a call began.

    Parameters
    ----------
    source:
        The fleet's directory, absolute, or the address that it was fetched from.
    command:
        The first words of a line that repeats it: ``pipeline call --source fleet``.
    flags:
        Flags that name secrets, and no secret: ``--token env:GHCR_TOKEN``.
    commit, changes:
        Of the source, where the run is red: what is checked out, and a digest of what is not as committed.
    """

    source: str
    command: str = "pipeline call"
    flags: tuple[str, ...] = ()
    commit: str = ""
    changes: str = ""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A run that was kept; ``folder`` has its ``run.json``."""

    folder: Path
    begun: Begun


def keep(home: Path, run: str, *, fleet: str, begun: Begun) -> Path:
    """Keep a run, given as the text of its ``run.json``; return its directory. Raises OSError."""
    runs = home / RUNS
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    ended = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder = runs / f"{ended}-{_UNSAFE.sub('_', fleet)[:40]}-{os.getpid()}"
    beside = folder.with_name(f".{folder.name}")
    beside.mkdir(mode=0o700)
    (beside / _RUN).write_text(run, encoding="utf-8", errors="backslashreplace")
    (beside / _CALL).write_text(json.dumps(asdict(begun)) + "\n", encoding="utf-8")
    beside.rename(folder)
    _drop(runs)
    return folder


def _drop(runs: Path) -> None:
    """Remove all but the newest. NB: another process may do the same just now."""
    for folder in sorted(_whole(runs))[:-MOST]:
        shutil.rmtree(folder, ignore_errors=True)
    for begun in runs.glob(".*"):
        with contextlib.suppress(OSError):
            if time.time() - begun.stat().st_mtime > _ABANDONED:
                shutil.rmtree(begun, ignore_errors=True)


def _whole(runs: Path) -> list[Path]:
    return [folder for folder in runs.glob("*") if not folder.name.startswith(".")]


def kept_runs(home: Path) -> list[Kept]:
    """Every run that is kept, the oldest first; what cannot be read is left out."""
    found = ((folder, _read(folder / _CALL)) for folder in sorted(_whole(home / RUNS)))
    return [Kept(folder=folder, begun=begun) for folder, begun in found if begun]


def _read(path: Path) -> Begun | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Begun(**{**told, "flags": tuple(told["flags"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def of_fleet(runs: Sequence[Kept], *, source: Path | None, here: Path) -> list[Kept]:
    """Those of a source; without one those of fleets in the work tree that ``here`` is in."""
    if source is not None:
        return [each for each in runs if each.begun.source == str(source.resolve())]
    tree = next((each for each in (here, *here.parents) if (each / ".git").exists()), here).resolve()
    return [each for each in runs if _related(Path(each.begun.source), tree)]


def _related(source: Path, tree: Path) -> bool:
    return source.is_relative_to(tree) or tree.is_relative_to(source)


def _with_tree(begun: Begun) -> Begun:
    source = Path(begun.source)
    return replace(begun, commit=commit_of(source), changes=changes_of(source))


def _told(kept: Kept, *, here: Path) -> str:
    found = of_fleet([kept], source=None, here=here)
    which = "" if found else f" --source {shlex.quote(kept.begun.source)}"
    return (
        f"The run is kept in {kept.folder}\n"
        f"  pipeline reproduce{which}             repeats what failed; --shell opens a shell there\n"
        f"  pipeline report{which} --format html  shows it as a page\n"
    )


class Keeper(logging.Handler):
    """Hears of a run that has ended, and keeps it.

    The graph logs it through ``logging.getLogger("pipeline")`` with the run model as ``extra`` key ``run``.
    ``heard`` says whether there was one; ``remark`` is what to tell a person afterwards, empty for nothing.
    """

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.heard = False
        self.remark = ""
        self._home = home
        self._begun: Begun | None = None
        self._logger = logging.getLogger("pipeline")

    def begin(self, begun: Begun) -> None:
        """Listen, for a call that begins."""
        self._begun = begun
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Hear of a log record. A run that cannot be kept fails nothing."""
        run: Any = vars(record).get("run")
        if run is None or self._begun is None:
            return
        self.heard = True
        red = run.verdict == "failed"
        begun = _with_tree(self._begun) if red else self._begun
        try:
            text = f"{run.model_dump_json(indent=2)}\n"
            folder = keep(self._home, text, fleet=run.fleet, begun=begun)
        except OSError as error:
            self.remark = f"Warning: the run is not kept: {error}\n"
            return
        if red:
            self.remark = _told(Kept(folder=folder, begun=begun), here=Path.cwd())

    def close(self) -> None:
        """Stop listening."""
        self._logger.removeHandler(self)
        super().close()
