"""`pipeline` as people run it, but for its start: forked from a process that has imported everything.

Importing dagger-io takes longer than most calls. What a test is told is what the program says: it runs in a
process, with an environment and with output of its own. See `fork_server.py`.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# NB: dagger-io reads these when it is imported: what `pipeline call` sets for this module.
_NAMES = {"DAGGER_MODULE": "pipeline", "DAGGER_MAIN_OBJECT": "Pipeline"}
_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]


@dataclass(frozen=True, kw_only=True)
class Called:
    """A finished `pipeline call`."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


def pipeline_call(*words: str, environment: dict[str, str], limit: float = 240) -> Called:
    """Run `pipeline call` to its end, in time."""
    with tempfile.TemporaryDirectory() as folder:
        # NB: of the runs that this machine keeps, those of a person are not to make room for those of tests.
        environment = {"PIPELINE_HOME": folder, **environment}
        began = time.monotonic()
        done = subprocess.run(
            [forked("pipeline"), "call", *words],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        return Called(
            exit_code=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr,
            seconds=time.monotonic() - began,
        )


def forked(program: str) -> Path:
    """A program that is as `pipeline`, or as `python` with `-m pipeline.…`, but starts at once."""
    return _programs() / program / program


@cache
def _programs() -> Path:
    """Starts the server; each program is alone, but for what commands look for beside their Python."""
    folder = Path(tempfile.mkdtemp(prefix="pipeline-forks-"))
    address = folder / "server"
    for name in ("pipeline", "python"):
        program = folder / name / name
        program.parent.mkdir()
        client = f'"{sys.executable}" -I -S "{_HERE / "fork_client.py"}" "{address}" {name}'
        program.write_text(f'#!/bin/sh\nexec {client} "$@"\n')
        program.chmod(0o755)
    if hadolint := shutil.which("hadolint", path=Path(sys.executable).parent):
        (folder / "python" / "hadolint").symlink_to(hadolint)
    server = subprocess.Popen(
        [sys.executable, "-P", _HERE / "fork_server.py", address, folder / "python" / "python"],
        env={**os.environ, **_NAMES, "PYTHONPATH": os.pathsep.join([str(_HERE), str(_ROOT)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin
    assert server.stdout
    atexit.register(shutil.rmtree, folder)
    atexit.register(server.wait)
    atexit.register(server.stdin.close)
    assert server.stdout.readline() == b"ready\n", "the fork server did not start"
    return folder
