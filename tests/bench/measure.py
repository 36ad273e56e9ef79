"""One command from start to end: time, processor time, memory, and what it pushed."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType

_EVERY = 0.1  # seconds
_AS_IT_IS = MappingProxyType[str, str]({})
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UPLOADED = re.compile(
    rb'"PUT /v2/\S+/blobs/uploads/\S*[?&]digest=sha256(?:%3A|:)(?P<hex>[0-9a-f]{64})\S* HTTP/[\d.]+" 201 '
)


class FailedError(Exception):
    """A command that did not end well: what it took says nothing."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a command took.

    ``seconds`` of wall time, ``cpu`` seconds of all its processes (Docker's are not among them), ``memory``
    in MiB that they had together at most, ``largest`` that of the largest, ``pushed`` bytes of blobs,
    ``printed`` what it wrote to stdout.
    """

    seconds: float
    cpu: float
    memory: float
    largest: float
    pushed: int = 0
    printed: str = ""


def take(*command: str | Path, environment: Mapping[str, str] = _AS_IT_IS) -> Taken:
    """Run a command to its end. Raises FailedError with its last lines."""
    with TemporaryFile("w+") as output, TemporaryFile("w+", errors="replace") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env={**os.environ, **environment})
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        memory = watch.end()
        output.seek(0)
        errors.seek(0)
        printed, said = output.read(), errors.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = "\n".join([*printed.splitlines()[-20:], *said.splitlines()[-20:]])
        raise FailedError(f"{command[0]} ended with {process.returncode}:\n{tail}")
    largest = usage.ru_maxrss / 1024
    return Taken(
        seconds=seconds,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=max(memory / (1 << 20), largest),  # NB: a short command may be over before it was looked at
        largest=largest,
        printed=printed,
    )


class _Watch:
    """Looks at the memory of a process and of those below it, from time to time."""

    def __init__(self, process: int) -> None:
        self._process, self._most, self._over = process, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(_EVERY):
            self._most = max(self._most, memory_of(self._process))

    def end(self) -> int:
        """Bytes at most."""
        self._over.set()
        self._thread.join()
        return self._most


def memory_of(process: int) -> int:
    """Bytes that a process and those below it have in memory; what they share counts for each of them."""
    try:
        root = Path(f"/proc/{process}")
        below = [each for task in root.glob("task/*/children") for each in task.read_text().split()]
        return int((root / "statm").read_text().split()[1]) * _PAGE + sum(map(memory_of, map(int, below)))
    except OSError:  # it has ended
        return 0


def pushed(log: bytes, storage: Path) -> int:
    """Bytes of the blobs whose upload a docker-registry's access log says was completed."""
    blobs = storage / "docker" / "registry" / "v2" / "blobs" / "sha256"
    found = [match["hex"].decode() for match in _UPLOADED.finditer(log)]
    return sum((blobs / name[:2] / name / "data").stat().st_size for name in found)
