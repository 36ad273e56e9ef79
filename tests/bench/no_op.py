"""`make bench-release`: what a release costs that has nothing to do, with 8, 100 and 1,000 images.

Figures of one process: wall time, processor time (the engine's process is counted, too), peak memory. Ours is
the processor time without that of importing dagger-io: waiting for the registry takes none.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from candidates import COMMIT, TAG, Disk, put_candidates, write_fleet
from measure import Taken, take
from real_registry import running

LIMITS = {8: 1.5, 100: 5.0}
MEMORY_LIMIT = 150.0


def release(images: int) -> tuple[Taken, Taken]:
    """A release that gives names, and the same again: it only reads."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), basic=False) as real:
        root = write_fleet(Path(folder) / "fleet", real.host, images)
        asyncio.run(put_candidates(root, Disk(real.host, Path(folder) / "storage")))
        program = str(Path(sys.executable).with_name("pipeline"))
        where = ("--source", str(root), "--registry", real.host)
        words = (program, "call", "-q", *where, "release", "--tag", TAG, "--commit", COMMIT)
        return take(*words, "--settle", "0.05"), take(*words)


def figures(taken: Taken) -> dict[str, float]:
    """Seconds of a process and of those that it waited for; peak memory of the largest, in MiB."""
    return {"wall": taken.seconds, "cpu": taken.cpu, "memory": taken.largest}


def main() -> int:
    """Print one JSON document, then a table; figures decide nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[8, 100, 1000])
    options = parser.parse_args()
    importing = take(sys.executable, "-c", "import dagger")
    found = {images: release(images) for images in options.images}
    document = {str(images): {"first": figures(a), "again": figures(b)} for images, (a, b) in found.items()}
    print(json.dumps({"import dagger": figures(importing), "releases": document, "load": os.getloadavg()[0]}))
    row = "{:>8} {:>8} {:>8} {:>8} {:>8} {:>12}"
    print(row.format("images", "wall s", "cpu s", "ours s", "limit s", "memory MiB"))
    for images, (_, again) in found.items():
        seconds = [f"{value:.1f}" for value in (again.seconds, again.cpu, again.cpu - importing.cpu)]
        print(row.format(images, *seconds, LIMITS.get(images, "-"), f"{again.largest:.0f}"))
    print(f"limit for memory: {MEMORY_LIMIT:g} MiB with 1,000 images")
    return 0


if __name__ == "__main__":
    sys.exit(main())
