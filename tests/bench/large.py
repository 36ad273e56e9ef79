"""`make bench`, second part: lint and plan of a fleet of a thousand images and three thousand services.

Usage: python tests/bench/large.py [--images N] [--rounds N] [--out FILE]

The figures are absolute, with the machine; nothing fails on them. Each round is a process of its own, so that
nothing is warm but the file system. `load` reads the catalog, and is counted in `lint` and `plan` too; `plan`
asks no registry. What importing the packages takes is not counted.
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
from pathlib import Path

from large_fleet import SERVICES, write_large_fleet

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.checks.lint import lint
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.plan import Circumstances, Known, make_plan
from pipeline.planning.sources import Sources

GOALS = {"lint": 2.0, "plan": 1.0}
"""Seconds for the whole, the catalog's loading among them, on the machine that the issue was written for."""
_DIGEST = "sha256:" + "a" * 64


def measure(root: Path) -> dict[str, float]:
    """Seconds of one lint and one plan; ends the process where the fleet is not sound."""
    began = time.perf_counter()
    catalog = load_catalog(root)
    loaded = time.perf_counter()
    findings = lint(catalog, Sources(root))
    linted = time.perf_counter()
    if findings:
        raise SystemExit(f"bench: lint found {findings[0]}")
    sources = Sources(root)
    names = Names(registry="ghcr.io", organisation="example", namespace="ai_system")
    found = survey(catalog, sources, names)
    digests = {str(base.reference): _DIGEST for base in found.published}
    keys = build_keys(found, sources, digests)
    plan = make_plan(found, keys, known=Known(digests=digests), wanted=Circumstances(probe_version="bench"))
    planned = time.perf_counter()
    if len(plan.units) != len(found.units):
        raise SystemExit("bench: the plan is not whole")
    return {"load": loaded - began, "lint": linted - began, "plan": planned - linted + loaded - began}


def main() -> int:
    """Print the medians; with ``--measure ROOT`` one round as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write_large_fleet(Path(folder), options.images)
        command = [sys.executable, __file__, "--measure", folder]
        rounds = [json.loads(subprocess.check_output(command)) for _ in range(options.rounds)]
    medians = {name: round(statistics.median(each[name] for each in rounds), 2) for name in rounds[0]}
    print(f"{options.images} images, {options.images * SERVICES} services: ", end="")
    print(", ".join(f"{name} {seconds} s" for name, seconds in medians.items()))
    if options.out:
        machine = {"processors": os.cpu_count(), "python": platform.python_version()}
        figures = {"machine": machine, "images": options.images, "seconds": medians, "goals": GOALS}
        options.out.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
