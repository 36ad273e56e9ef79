"""`make bench`, Ctrl-C: how soon nothing runs any more after SIGINT and SIGTERM.

Usage: python tests/bench/interrupted.py [--rounds N] [--base REF] [--out FILE]

A `build-all` is told to stop while four images are in a RUN that sleeps and four have a service under test
that is never healthy. Seconds from the signal until the command has ended and none of these sleeps any more.
Exit 1 when the median is over the limit, and at once where a container or network is left, or where not all
eight are told as unfinished.
"""

import json
import os
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from clients import options_of

LIMIT = 5.0
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
_HEAD = """\
[fleet]
name = "interrupted"
registry = "{registry}"
organisation = "{organisation}"

[families.{family}]
tag = "{tag}"
"""
_IMAGE = """
[images.{name}]
family = "{family}"
dockerfile = "{name}/Dockerfile"
context = "{name}"

[[images.{name}.services]]
name = "Service_{name}"
command = ["sleep", "{mark}"]
health = {{ port = {port}, deadline = "300s" }}
"""
_KINDS = {"building": "RUN sleep {mark}", "testing": "ENV MARK={mark}"}
_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
ENV NAME={name}
{work}
EXPOSE {port}
USER 10001
"""
NAMES = [f"{kind}_{number}" for kind in _KINDS for number in range(4)]


def write_fleet(root: Path, base: str, mark: str) -> None:
    """Four images of either kind."""
    registry, organisation, image = base.split("/")
    family, _, tag = image.partition(":")
    text = _HEAD.format(registry=registry, organisation=organisation, family=family, tag=tag)
    for port, name in enumerate(NAMES, start=8081):
        (root / name).mkdir()
        work = _KINDS[name.partition("_")[0]].format(mark=mark)
        (root / name / "Dockerfile").write_text(_DOCKERFILE.format(name=name, work=work, port=port))
        text += _IMAGE.format(name=name, family=family, mark=mark, port=port)
    (root / "fleet.toml").write_text(text)


def sleeping(mark: str) -> int:
    """How many processes, also of containers, sleep for this long."""
    found = subprocess.run(["pgrep", "-fc", f"^sleep {mark}"], capture_output=True, text=True, check=False)
    return int(found.stdout)


def ours(mark: str) -> str:
    """How the names of all that a run has in Docker begin, told by a container of it that sleeps."""
    for line in docker("ps", "--no-trunc", "--format", "{{.Names}} {{.Command}}"):
        if mark in line:
            return line.split()[0].rpartition("-")[0]
    raise SystemExit("bench: no service is under test")


def left(run: str) -> list[str]:
    """Its containers and networks."""
    names = docker("ps", "-a", "--format", "{{.Names}}") + docker("network", "ls", "--format", "{{.Name}}")
    return [name for name in names if name.startswith(run)]


def docker(*words: str) -> list[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def seconds_after(number: signal.Signals, base: str) -> float:
    """From the signal to the end of all that ran."""
    mark = f"600.{secrets.randbelow(10**9)}"
    with tempfile.TemporaryDirectory() as folder:
        write_fleet(Path(folder), base, mark)
        program = Path(sys.executable).with_name("pipeline")
        words = [program, "call", "--progress", "plain", "--source", folder, "build-all"]
        environment = os.environ | {"PIPELINE_HOME": f"{folder}/home"}
        process = subprocess.Popen(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        until = time.monotonic() + 120
        while sleeping(mark) < 8 and time.monotonic() < until and process.poll() is None:
            time.sleep(0.1)
        run = ours(mark)
        began = time.monotonic()
        process.send_signal(number)
        _, told = process.communicate()
        while sleeping(mark) and time.monotonic() < began + 120:
            time.sleep(0.02)
        took = time.monotonic() - began
    silent = [name for name in NAMES if not re.search(rf"^{name}[:/].* not finished ", told, re.M)]
    if process.returncode != SIGNALS[number] or silent or left(run):
        code = process.returncode
        raise SystemExit(f"bench: {number.name}: {code}, not told of {silent}, left {left(run)}: {told}")
    return took


def main() -> int:
    """Print a line for each signal; with --out JSON too."""
    options = options_of(__doc__)
    found = {
        number.name: [seconds_after(number, options.base) for _ in range(options.rounds)]
        for number in SIGNALS
    }
    for name, times in found.items():
        median, most = statistics.median(times), max(times)
        print(f"{name}: {median:.2f} s until nothing runs (at most {LIMIT:g}); the slowest {most:.2f} s")
    if options.out:
        options.out.write_text(json.dumps({"limit": LIMIT, "seconds": found}, indent=1) + "\n")
    return 0 if all(statistics.median(times) <= LIMIT for times in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
