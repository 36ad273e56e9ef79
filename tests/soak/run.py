"""`make soak`: releases with faults and kills at random points; the result as JSON.

A release that went wrong is repeated by its seed: ARGS="--first SEED --releases 1".
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from campaign import IMAGES, campaign
from misfortune import GAP, SETTLE
from real_registry import running


def main() -> int:
    """The command; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--seconds", type=float, default=3600.0, help="begin no release after so long")
    parser.add_argument("--lanes", type=int, default=8, help="releases side by side")
    parser.add_argument("--out", type=Path, help="write the result there too")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.releases)
    print(f"seeds {seeds.start} to {seeds.stop - 1}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory, running(Path(directory), basic=False) as real:
        tally = asyncio.run(campaign(real, seeds, lanes=options.lanes, seconds=options.seconds))
    result = {
        "images": IMAGES,
        "first seed": options.first,
        "settle": SETTLE,
        "gap": GAP,
        "lanes": options.lanes,
        "seconds": round(time.monotonic() - began, 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        **vars(tally),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return 1 if tally.wrong or not tally.releases else 0


if __name__ == "__main__":
    sys.exit(main())
