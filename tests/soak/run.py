"""`make soak`: releases with faults and kills at random points; the result as JSON.

It goes in chunks, each on a registry of its own. With --out an interrupted campaign goes on after its last
whole chunk. A release that went wrong is repeated by its seed: ARGS="--first SEED --releases 1".
With --unscaled each is two at once, of different digests, where reads are 5 seconds behind.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from campaign import IMAGES, Tally, campaign
from misfortune import GAP, script_of, unscaled
from real_registry import running

_CHUNK = 40


def main() -> int:
    """The command; 1 when anything went wrong, or nothing was done."""
    options = _options()
    done, before = _read(options.out)
    script = unscaled if options.unscaled else script_of
    began = time.monotonic()
    while done.releases < options.releases and time.monotonic() - began < options.seconds:
        first = options.first + done.releases
        seeds = range(first, min(first + _CHUNK, options.first + options.releases))
        print(f"seeds {seeds.start} to {seeds.stop - 1}", flush=True)
        with tempfile.TemporaryDirectory() as directory, running(Path(directory), basic=False) as real:
            done.add(asyncio.run(campaign(real, seeds, lanes=options.lanes, script=script)))
        result = json.dumps(_result(options, done, before + time.monotonic() - began), indent=2)
        if options.out:
            options.out.write_text(result + "\n")
        print(result, flush=True)
    return 1 if done.wrong or not done.releases else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--seconds", type=float, default=7200.0, help="begin no chunk after so long")
    parser.add_argument("--unscaled", action="store_true", help="times as in production")
    parser.add_argument("--lanes", type=int, default=8, help="releases side by side")
    parser.add_argument("--out", type=Path, help="write the result there too, and go on from what is there")
    return parser.parse_args()


def _read(out: Path | None) -> tuple[Tally, float]:
    """What was done before, and how many seconds it took."""
    if out is None or not out.exists():
        return Tally(), 0.0
    there = json.loads(out.read_text())
    counts = ("releases", "runs", "repeated", "refused", "resumed", "wrong")
    rest: dict[str, Any] = {name: there[name] for name in counts}
    kinds: dict[str, Any] = {name: Counter(there[name]) for name in ("faults", "modes", "pairs")}
    done = Tally(**rest, **kinds)
    return done, there["seconds"]


def _result(options: argparse.Namespace, done: Tally, seconds: float) -> dict[str, Any]:
    return {
        "images": IMAGES,
        "first seed": options.first,
        "settle": (unscaled if options.unscaled else script_of)(options.first).settle,
        "gap": GAP,
        "lanes": options.lanes,
        "seconds": round(seconds, 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        **vars(done),
    }


if __name__ == "__main__":
    sys.exit(main())
