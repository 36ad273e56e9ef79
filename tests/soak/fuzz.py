"""`make fuzz`: Dockerfiles, catalogs, .dockerignore files and references that nobody writes; told as JSON.

Each must end in a result or in an error of ours. One that went wrong is repeated by its seed:
ARGS="--first SEED --inputs 1", at the commit that the result names: the reference fleet is in the inputs.
"""

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_inputs import make_input
from fuzz_trial import SECONDS, lay_out, try_input

_AT_ONCE = 500
_OUTCOMES = ("result", "error")


@dataclass
class Tally:
    """What came of the inputs; ``wrong`` must stay empty."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    slowest: float = 0.0
    slowest_seed: int = 0
    wrong: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def campaign(seeds: Sequence[int]) -> Tally:
    """Try the inputs of some seeds, one after the other, in a folder of their own."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        for seed in seeds:
            each = make_input(seed)
            began = time.process_time()
            outcome = try_input(each, Path(folder))
            tally.inputs += 1
            took = time.process_time() - began
            tally.slowest, tally.slowest_seed = max((tally.slowest, tally.slowest_seed), (took, seed))
            tally.outcomes[f"{each.kind}: {outcome if outcome in _OUTCOMES else 'wrong'}"] += 1
            if outcome not in _OUTCOMES:
                tally.wrong.append({"seed": seed, "kind": each.kind, "what": outcome[-2000:]})
    return tally


def together(tallies: Sequence[Tally]) -> Tally:
    """One tally of several."""
    slowest = max(((each.slowest, each.slowest_seed) for each in tallies), default=(0.0, 0))
    return Tally(
        inputs=sum(each.inputs for each in tallies),
        outcomes=sum((each.outcomes for each in tallies), Counter[str]()),
        slowest=slowest[0],
        slowest_seed=slowest[1],
        wrong=[wrong for each in tallies for wrong in each.wrong],
    )


def main() -> int:
    """The command; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="write the result there too")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.inputs)
    parts = [seeds[at : at + _AT_ONCE] for at in range(0, len(seeds), _AT_ONCE)]
    began = time.monotonic()
    with multiprocessing.Pool(options.processes) as pool:
        tally = together(list(pool.imap_unordered(campaign, parts)))
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    result = {
        "commit": commit.stdout.strip(),
        "first seed": options.first,
        "limit in seconds": SECONDS,
        "processes": options.processes,
        "seconds": round(time.monotonic() - began, 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "inputs": tally.inputs,
        "outcomes": dict(sorted(tally.outcomes.items())),
        "slowest in seconds of processor time": round(tally.slowest, 2),
        "slowest seed": tally.slowest_seed,
        "wrong": sorted(tally.wrong, key=lambda wrong: wrong["seed"]),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return 1 if tally.wrong or not tally.inputs else 0


if __name__ == "__main__":
    sys.exit(main())
