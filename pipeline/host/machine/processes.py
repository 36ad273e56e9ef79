"""Processes that outlive the command that started them, known by id and start time."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.errors import EngineError
from pipeline.procfs import started_at

_TAIL = 2000
COLLECTING = {"GOGC": "400"}
"""What servers in Go are started with: else they tidy up after each 4 MB of memory (https://go.dev/doc/gc-guide#GOGC).

Measured: half of docker-registry's work for a request; a third of what it takes to start dockerd's program
(53 to 37 ms of a processor), which dockerd does twice or three times for a container.
"""


def record_of(pid: int) -> dict[str, int]:
    """What identifies a running process: an id alone may be given to another one later."""
    return {"pid": pid, "started": started_at(pid) or 0}


def is_running(record: Mapping[str, int]) -> bool:
    """Whether the process of a record still runs."""
    pid = record.get("pid", 0)
    return pid > 0 and started_at(pid) == record.get("started")


def start_detached(
    command: Sequence[str], *, log: Path, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that survives this one, its output in a log file that begins anew."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
            cwd="/",
            start_new_session=True,
        )


def wait_until_up(
    process: subprocess.Popen[bytes], is_up: Callable[[], bool], *, name: str, log: Path, deadline: float
) -> None:
    """Return once ``is_up()``; EngineError with the log's end if the process ends or ``deadline`` s pass."""
    if comes_up(record_of(process.pid), is_up, deadline=deadline):
        return
    ended = process.poll()
    if ended is None:
        process.terminate()
    what = f"ended with code {ended}" if ended is not None else f"did not answer within {deadline:.0f} s"
    raise EngineError(f"{name} {what}:\n{tail(log)}", where=str(log), next_step="see the log")


def comes_up(record: Mapping[str, int], is_up: Callable[[], bool], *, deadline: float) -> bool:
    """Whether ``is_up()`` within ``deadline`` s; False at once where the process of a record does not run."""
    give_up = time.monotonic() + deadline
    while is_running(record):
        if is_up():
            return True
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return False


def tail(log: Path) -> str:
    """The end of a log, indented."""
    try:
        text = log.read_bytes()[-_TAIL:].decode(errors="replace")
    except OSError:
        return "    (no log)"
    return "\n".join(f"    {line}" for line in text.splitlines()[-12:]) or "    (empty log)"


def stop(record: Mapping[str, int], *, deadline: float = 30.0) -> bool:
    """End the process of a record, by force after ``deadline`` seconds; whether it was running."""
    if not is_running(record):
        return False
    os.kill(record["pid"], signal.SIGTERM)
    give_up = time.monotonic() + deadline
    while is_running(record):
        if time.monotonic() > give_up:
            os.kill(record["pid"], signal.SIGKILL)
            give_up = float("inf")
        time.sleep(0.05)
    return True
