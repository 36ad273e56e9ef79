"""`pipeline call` as people run it, but for its start: forked from a process that has imported everything.

Importing dagger-io takes longer than most calls. What a test is told is what the program says: it runs in a
process, with an environment and with output of its own.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.forkserver import ensure_running
from pathlib import Path

from pipeline.host.command import main

_forks = multiprocessing.get_context("forkserver")
# NB: dagger-io reads these when it is imported: what `pipeline call` sets for this module.
_NAMES = {"DAGGER_MODULE": "pipeline", "DAGGER_MAIN_OBJECT": "Pipeline"}
# NB: pytest too: a forked process imports the main module of the one that asked for it.
_IMPORTED = ["pytest", "pipeline.host.call.work", "pipeline.main", "pipeline.registry.release"]
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Called:
    """A finished `pipeline call`."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


def pipeline_call(*words: str, environment: dict[str, str], limit: float = 240) -> Called:
    """Run `pipeline call` to its end, in time."""
    _start_server()
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        # NB: of the runs that this machine keeps, those of a person are not to make room for those of tests.
        environment = {"PIPELINE_HOME": folder, **environment}
        began = time.monotonic()
        process = _forks.Process(target=_live, args=(words, environment, str(out), str(err)))
        process.start()
        process.join(limit)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"`pipeline call {' '.join(words)}` did not end: {err.read_text()}")
        return Called(
            exit_code=process.exitcode,
            stdout=out.read_text(),
            stderr=err.read_text(),
            seconds=time.monotonic() - began,
        )


def _start_server() -> None:
    _forks.set_forkserver_preload(_IMPORTED)
    kept = {name: os.environ.get(name) for name in _NAMES}
    os.environ.update(_NAMES)
    ensure_running()
    for name, value in kept.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _live(words: tuple[str, ...], environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(_ROOT)
    for path, descriptor in ((out, 1), (err, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = ["pipeline", "call", *words]
    sys.exit(main())
