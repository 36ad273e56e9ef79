"""Runs probe.sh on this machine, with the shell and the programs that a test wants it to have."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from pipeline.stages.smoke.probe import probe_text

MARK = "5eed"

SERVER = r"""
import http.server, os, signal, sys, time
address, port, behaviour = sys.argv[1], int(sys.argv[2]), sys.argv[3]
began = time.monotonic()

class Handler(http.server.BaseHTTPRequestHandler):
    asked, unknown = False, 0
    def do_GET(self):
        status, body = 404, b"no such page\n"
        if self.path == "/health":
            status, body = {
                "ok": (200, b'{"status":"ok"}\n'),
                "500": (500, b'database "x" \\ gone\n'),
                "503": (503, b'{"status":"starting"}'),
                "slow": (200, b"ok") if time.monotonic() - began > 0.6 else (503, b"wait"),
                "hang": (0, b""),
                "302": (302, b""),
                "all": (200, b"ok"),
                "late": (200, b"ok"),
                "mute": (200, b"ok"),
                "flaky": (503, b"gone") if Handler.asked else (200, b"ok"),
                "second": (200, b"ok") if Handler.asked else (503, b"not yet"),
                "json": (200, b'{\n "status": "ok",\n "models": [{"name": "a"}, {"loaded": true}]\n}'),
            }[behaviour]
            Handler.asked = True
        elif behaviour == "all":
            status = 200
        elif behaviour in ("late", "mute"):
            Handler.unknown += 1
            status = 404 if behaviour == "late" and Handler.unknown > 1 else 0
        if not status:
            time.sleep(30)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

serving = http.server.ThreadingHTTPServer((address, port), Handler)
print("listening", flush=True)
serving.serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run of the probe said, and how long it took."""

    verdict: dict
    log: str
    seconds: float

    @property
    def failed(self) -> list[str]:
        """Names of the checks that failed."""
        return [each["name"] for each in self.verdict["checks"] if each["verdict"] == "failed"]

    def check(self, name: str) -> dict:
        """The one check of this name."""
        [found] = [each for each in self.verdict["checks"] if each["name"] == name]
        return found


@cache
def probe_file() -> Path:
    """The probe as one file, as it stands in a container."""
    directory = Path(mkdtemp(prefix="probe-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    path = directory / "probe.sh"
    path.write_text(probe_text())
    return path


def server(*, behaviour: str, port: int, address: str = "0.0.0.0") -> list[str]:
    """Argument vector of an HTTP server that behaves in one of the ways above."""
    return [sys.executable, "-c", SERVER, address, str(port), behaviour]


@contextmanager
def standing(*, behaviour: str, port: int) -> Iterator[list[str]]:
    """That server, already there; a command for the probe to start instead, which does nothing for ever.

    For what has to be seen by a deadline: a server that is only then started may be late on a busy machine.
    """
    with subprocess.Popen(server(behaviour=behaviour, port=port), stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"listening\n"
        try:
            yield ["tail", "-f", "/dev/null"]
        finally:
            process.kill()


def run_probe(
    flags: Sequence[str],
    command: Sequence[str] = (),
    *,
    shell: Sequence[str] = ("sh",),
    path: str | None = None,
    environment: dict[str, str] | None = None,
) -> Outcome:
    """Run the probe to its end; exit code 0 and one complete report are asserted here."""
    began = time.monotonic()
    done = subprocess.run(
        [*shell, str(probe_file()), "--mark", MARK, *flags, "--", *command],
        env={**os.environ, **(environment or {}), **({"PATH": path} if path else {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    seconds = time.monotonic() - began
    assert done.returncode == 0, done
    [line] = [line for line in done.stdout.splitlines() if line.startswith(f"::probe {MARK} verdict ")]
    _, _, rest = done.stdout.partition(f"::probe {MARK} log\n")
    log, end, _ = rest.partition(f"\n::probe {MARK} end\n")
    assert end, done.stdout
    return Outcome(verdict=json.loads(line.split(" ", 3)[3]), log=log, seconds=seconds)


def programs(directory: Path, names: Sequence[str]) -> str:
    """A PATH that holds only these programs."""
    directory.mkdir()
    for name in names:
        # NB: the python3 on PATH may be a script that needs more programs.
        found = os.path.realpath(sys.executable) if name == "python3" else shutil.which(name)
        assert found, name
        (directory / name).symlink_to(found)
    return str(directory)
