"""`make bench`, a fleet with nothing to do: `build-all` of 1,000 images that are all up to date.

Usage: python tests/bench/up_to_date.py [--images N] [--rounds N] [--out FILE]

Candidates and evidence are in a registry of this script's own. The command goes through the local engine,
whose Docker is behind a socket that counts what is asked. Seconds are of the whole command, less what
importing dagger-io takes; MiB are the peak of its largest process. Exit 1 when a figure is over its limit.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from candidates import Disk, put_candidates, write_fleet
from measure import Taken, take
from real_registry import running

from pipeline.host.machine.find_docker import find_docker

LIMITS = {"seconds": 4.0, "MiB": 250.0, "questions to Docker for each image": 1.0}
_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE) /")


@dataclass
class Counter:
    """How many requests went to Docker."""

    requests: int = 0

    async def pass_on(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        docker = (find_docker() or "").removeprefix("unix://")
        answers, onward = await asyncio.open_unix_connection(docker)
        await asyncio.gather(_copy(client, onward, self), _copy(answers, back))


async def _copy(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, counter: Counter | None = None
) -> None:
    while data := await source.read(1 << 16):
        if counter:
            counter.requests += len(_REQUEST.findall(data))
        target.write(data)
    target.close()


@contextmanager
def counted(socket: Path) -> Iterator[Counter]:
    """A socket that leads to Docker, in a thread of its own."""
    counter, loop = Counter(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_unix_server(counter.pass_on, socket))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield counter
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()


def measure(folder: Path, images: int, rounds: int) -> tuple[list[Taken], float]:
    """What each call costs, and how often Docker was asked for each image."""
    with running(folder, basic=False) as real, counted(folder / "docker.sock") as counter:
        fleet = write_fleet(folder / "fleet", real.host, images)
        asyncio.run(put_candidates(fleet, Disk(real.host, folder / "storage")))
        os.environ |= {"DOCKER_HOST": f"unix://{folder}/docker.sock", "PIPELINE_HOME": str(folder / "home")}
        program = str(Path(sys.executable).with_name("pipeline"))
        words = (program, "call", "-q", "--source", str(fleet), "--registry", real.host, "build-all")
        costs = [take(*words) for _ in range(rounds)]
        return costs, counter.requests / rounds / images


def main() -> int:
    """Print one line, with --out JSON too."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    importing = statistics.median(take(sys.executable, "-c", "import dagger").seconds for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        costs, asked = measure(Path(folder), options.images, options.rounds)
    whole = statistics.median(cost.seconds for cost in costs)
    figures = {
        "seconds": round(whole - importing, 2),
        "MiB": round(max(cost.largest for cost in costs)),
        "questions to Docker for each image": round(asked, 3),
    }
    told = ", ".join(f"{value:g} {name} (at most {LIMITS[name]:g})" for name, value in figures.items())
    print(f"{options.images} images that are up to date: {told}; {whole:.1f} s with importing dagger-io")
    if options.out:
        options.out.write_text(json.dumps({"images": options.images, **figures}, indent=1) + "\n")
    return 0 if all(value <= LIMITS[name] for name, value in figures.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
