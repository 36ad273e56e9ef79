"""`make bench`: the graph against a plain shell loop, in one run, as ratios.

Usage: python tests/bench/run.py [--rounds N] [--images N] [--out FILE]

Each round writes a fleet that nobody has built before, once with a one-second sleep and once with a second of
CPU in a RUN of each image, and times whole commands, start-up included: build, smoke and push cold, and the
same again with nothing changed. The order of the two sides alternates.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from clients import docker_that_builds
from fleets import CPU, SLEEP, BenchFleet, write_fleet

FAMILY = "family-bench"
HERE = Path(__file__).parent
LIMITS = {("sleep", "cold"): 0.45, ("cpu", "cold"): 0.8, ("sleep", "again"): 0.4, ("cpu", "again"): 0.4}
"""Ours divided by the rival's, at most; memory of our own processes, at most (MiB)."""
MEMORY_LIMIT = 200


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One whole command: wall seconds and peak resident memory (MiB) of its largest process."""

    seconds: float
    memory: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """Medians of one fleet and phase."""

    work: str
    phase: str
    ours: float
    rival: float
    ratio: float
    limit: float
    memory: float


def timed(command: Sequence[str | Path], *, log: Path) -> Timing:
    """Run a command to its end; a failure ends the benchmark with the command's last lines."""
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
        raise SystemExit(f"bench: {command[0]} ended with {process.returncode}:\n{tail}")
    return Timing(seconds=seconds, memory=usage.ru_maxrss / 1024)


def sides(fleet: BenchFleet, *, registry: str, docker: Path) -> dict[str, list[str | Path]]:
    """The two command lines: they build, smoke and push the same images to different repositories."""
    ours = [Path(sys.executable).parent / "pipeline", "call", "--source", fleet.path, "--registry", registry]
    return {
        "ours": [*ours, "build-all", "--candidates"],
        "rival": [
            HERE / "rival.sh",
            docker,
            fleet.path,
            f"{registry}/rival",
            fleet.base,
            fleet.tag,
            *fleet.images,
        ],
    }


def one_round(work: str, *, number: int, images: int, registry: str, digest: str, docker: Path) -> dict:
    """Both sides, cold and again; each gets a fleet of its own, so that neither warms the other's cache."""
    timings: dict[tuple[str, str], Timing] = {}
    order = ("ours", "rival") if number % 2 else ("rival", "ours")
    with tempfile.TemporaryDirectory() as scratch:
        for side in order:
            fleet = write_fleet(
                Path(scratch) / side,
                work={"sleep": SLEEP, "cpu": CPU}[work],
                images=images,
                family=FAMILY,
                digest=digest,
                registry=registry,
            )
            command = sides(fleet, registry=registry, docker=docker)[side]
            for phase in ("cold", "again"):
                timings[side, phase] = timed(command, log=Path(scratch) / "log")
                print(
                    f"  {work} {number} {side} {phase}: {timings[side, phase].seconds:.2f} s", file=sys.stderr
                )
    return timings


def publish_family(registry: str, base: str, docker: Path) -> str:
    """Give the base image the family's name in the registry; answers its digest."""
    name = f"{registry}/bench/{FAMILY}:base"
    for words in (["pull", "-q", base], ["tag", base, name], ["push", "-q", name]):
        subprocess.run([docker, *words], check=True, capture_output=True)
    inspect = [docker, "image", "inspect", "-f", "{{range .RepoDigests}}{{println .}}{{end}}", name]
    digests = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.split()
    return next(text.partition("@")[2] for text in digests if text.startswith(f"{registry}/bench/"))


def rows(rounds: Sequence[tuple[str, dict]]) -> list[Row]:
    """Medians over the rounds, one row per fleet and phase."""
    out = []
    for (work, phase), limit in LIMITS.items():
        mine = [timings for name, timings in rounds if name == work]
        ours = statistics.median(t["ours", phase].seconds for t in mine)
        rival = statistics.median(t["rival", phase].seconds for t in mine)
        memory = max(t["ours", phase].memory for t in mine)
        ratio = round(ours / rival, 3)
        out.append(
            Row(work=work, phase=phase, ours=ours, rival=rival, ratio=ratio, limit=limit, memory=memory)
        )
    return out


def table(found: Sequence[Row]) -> str:
    """The rows for people."""
    lines = [f"{'fleet':<6} {'phase':<6} {'ours s':>7} {'loop s':>7} {'ratio':>6} {'limit':>6} {'MiB':>5}"]
    return "\n".join([*lines, *map(_line, found)])


def _line(row: Row) -> str:
    figures = f"{row.ours:>7.2f} {row.rival:>7.2f} {row.ratio:>6.2f} {row.limit:>6.2f} {row.memory:>5.0f}"
    return f"{row.work:<6} {row.phase:<6} {figures}{'' if within(row) else '   over'}"


def within(row: Row) -> bool:
    """Whether a row keeps its limits."""
    return row.ratio <= row.limit and row.memory <= MEMORY_LIMIT


def parallel_speedup() -> float:
    """How much more two busy processes get done than one: below 2 where processors are threads of one core.

    The ratios depend on it: the rival does one thing after the other, and has a core for itself.
    """
    command = [sys.executable, "-c", "for _ in range(20_000_000): pass"]

    def seconds(processes: int) -> float:
        start = time.perf_counter()
        for process in [subprocess.Popen(command) for _ in range(processes)]:
            process.wait()
        return time.perf_counter() - start

    alone = statistics.median(seconds(1) for _ in range(3))
    return round(2 * alone / statistics.median(seconds(2) for _ in range(3)), 2)


def main() -> int:
    """Run the benchmark; exit 1 when a ratio is over its limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--registry", default=os.environ.get("PIPELINE_TEST_REGISTRY", "localhost:5050"))
    parser.add_argument("--base", default=os.environ.get("PIPELINE_TEST_BASE", ""))
    options = parser.parse_args()
    docker = docker_that_builds()
    base = options.base or f"{options.registry}/pipeline/base:1"
    digest = publish_family(options.registry, base, docker)
    shared = {"images": options.images, "registry": options.registry, "digest": digest, "docker": docker}
    rounds = [
        (w, one_round(w, number=n, **shared)) for n in range(1, options.rounds + 1) for w in ("sleep", "cpu")
    ]
    found = rows(rounds)
    speedup = parallel_speedup()
    print(f"{table(found)}\ntwo busy processes get {speedup:.2f} times as much done as one")
    if options.out:
        machine = {
            "processors": os.cpu_count(),
            "parallel_speedup": speedup,
            "python": platform.python_version(),
            "kernel": platform.release(),
        }
        figures = {"machine": machine, "rounds": options.rounds, "images": options.images}
        options.out.write_text(json.dumps(figures | {"rows": [asdict(r) for r in found]}, indent=1) + "\n")
    return 0 if all(map(within, found)) else 1


if __name__ == "__main__":
    sys.exit(main())
