"""`make bench`, third part: how soon the probe says what is wrong, and what it adds where nothing is.

Usage: python tests/bench/soon.py [--rounds N] [--base REF] [--out FILE]

Each round runs the probe as a smoke test does, in a container of the base image under Docker's init, on a
service that prints when it was ready, or ended. Times are seconds between two readings of the machine's own
clock, which containers share; starting the container is not counted. "beside" is the whole smoke test from
beside, on the local engine, of what exits before or after its port has accepted. The figures are absolute;
nothing fails on them.
"""

import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from clients import docker_that_builds, options_of
from dagger import dag

from pipeline.catalog.service import Health, Service
from pipeline.host.call.binding import connected
from pipeline.local.engine.server import serving
from pipeline.planning.units import Promises, Unit
from pipeline.stages.failures import Scene
from pipeline.stages.scripts import script
from pipeline.stages.smoke.beside import smoke_beside
from pipeline.stages.smoke.flags import service_flags
from pipeline.stages.smoke.probe import probe_text
from pipeline.stages.smoke.stand import Stand
from pipeline.stages.smoke.subject import Subject
from pipeline.stages.smoke.verdict import read_report

BASE = "localhost:5050/pipeline/base:1"
DEADLINE = 3.0
GOALS = {"added": 0.3, "exit": 3.0, "hang": DEADLINE + 2.0, "beside, early": 3.0, "beside, late": 3.0}
"""Seconds: added to what is ready at once; from an exit to red; from the start to red of what hangs."""

# Uptime, with which the probe counts too: a service tells when something happened to it.
_NOW = "open('/proc/uptime').read().split()[0]"
_SERVE = f"""
import http.server, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Health)
print("at", {_NOW}, flush=True)
server.serve_forever()
"""
SERVICES = {
    "added": ["python3", "-c", _SERVE],
    "exit": ["python3", "-c", f"import time; time.sleep(1); print('at', {_NOW}); exit(3)"],
    "hang": ["python3", "-c", f"import time; print('at', {_NOW}, flush=True); time.sleep(600)"],
}
BESIDE = {
    "beside, early": f"import time; time.sleep(1); print('at', {_NOW}); exit(3)",
    "beside, late": "import socket, time; accepts = socket.create_server(('', 8080)); "
    f"time.sleep(1); print('at', {_NOW}); exit(3)",
}
SERVICE = Service(name="bench", ports=(8080,), health=Health(port=8080, deadline=DEADLINE))
UNIT = Unit(
    kind="image",
    name="bench",
    dockerfile="Dockerfile",
    context=".",
    target="",
    platforms=("linux/amd64",),
    build_args={},
    labels={},
    base="",
    repository="bench",
    epoch="0.0",
    onbuild=(),
    promises=Promises(root_may=True),
    services=(SERVICE,),
)


def seconds_of(kind: str, docker: Path, base: str, probe: Path) -> float:
    """From what the service told to the verdict."""
    mark = secrets.token_hex(8)
    ended = f"sh /probe.sh --mark {mark} \"$@\"; cut -d' ' -f1 /proc/uptime"
    words: Sequence[str | Path] = [
        *(docker, "run", "--rm", "--init", "-v", f"{probe}:/probe.sh:ro", base, "sh", "-c", ended, "sh"),
        *(*service_flags(SERVICE, UNIT, None), "--", *SERVICES[kind]),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    report = read_report(done.stdout, mark)
    if report is None or (report.verdict == "passed") != (kind == "added"):
        raise SystemExit(f"bench: {kind}: {done.stdout}{done.stderr}")
    [told] = [line.split()[1] for line in report.log if line.startswith("at ")]
    return float(done.stdout.split()[-1]) - float(told)


async def beside(base: str, rounds: int) -> dict[str, list[float]]:
    """From a service's exit to the verdict of the whole test, on the local engine."""
    async with (
        serving(docker_host=os.environ.get("DOCKER_HOST")) as session,
        connected(session.port, session.token),
    ):
        return {
            kind: [await _seconds_beside(program, base, fresh=f"{number}") for number in range(rounds)]
            for kind, program in BESIDE.items()
        }


async def _seconds_beside(program: str, base: str, *, fresh: str) -> float:
    command = ["python3", "-c", program]
    subject = Subject(
        container=dag.container().from_(base), entrypoint=(), command=tuple(command), healthcheck=None
    )
    scene = Scene(subject="bench", stage="smoke", reproduce=())
    probe = script(probe_text())
    stand = Stand(subject=subject, unit=UNIT, scene=scene, probe=probe, beside=base, fresh=fresh)
    smoked = await smoke_beside(stand, SERVICE, command, because="a benchmark")
    now = float(Path("/proc/uptime").read_text().split()[0])
    if smoked.failure is None or smoked.failure.exit_code != 3:
        raise SystemExit(f"bench: beside: {smoked}")
    return now - float(smoked.failure.log[-1].split()[1])


def main() -> int:
    """Print the medians and the slowest."""
    options = options_of(__doc__)
    docker, found = docker_that_builds(), dict[str, list[float]]()
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.sh")
        probe.write_text(probe_text())
        for kind in SERVICES:
            found[kind] = [seconds_of(kind, docker, options.base, probe) for _ in range(options.rounds)]
    found |= asyncio.run(beside(options.base, options.rounds))
    print(f"{'probe':<13} {'median s':>9} {'most s':>7} {'goal s':>7}")
    for kind, times in found.items():
        print(f"{kind:<13} {statistics.median(times):>9.2f} {max(times):>7.2f} {GOALS[kind]:>7.2f}")
    if options.out:
        options.out.write_text(json.dumps({"goals": GOALS, "seconds": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
