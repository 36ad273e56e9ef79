"""`make bench`, third part: the report page of 200 services, made by a new process and opened in Chromium.

Usage: PYTHONPATH=tests/reporting python tests/bench/report.py [--services N] [--lines N] [--rounds N]

The figures are absolute, with the machine; nothing fails on them. `cold` is a new Python that reads a
run.json and writes the page, everything counted; `render` is the page alone, the template warm; `open` is
from the navigation to the end of the load event, by the browser's own clock.
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

from playwright.sync_api import sync_playwright
from sample_runs import large_run

from pipeline.host.machine.browser import OTHERWISE, find_browser
from pipeline.reporting.model import Run
from pipeline.reporting.page import show_page
from pipeline.reporting.views import show_json

GOALS = {"render": 1.0, "open": 1.0, "megabytes": 1.5}
_OPENED = "(([entry]) => entry.loadEventEnd - entry.startTime)(performance.getEntriesByType('navigation'))"


def cold(run: Run, folder: Path) -> float:
    """Seconds of `pipeline report`, start-up and all."""
    (folder / "run.json").write_text(show_json(run))
    command = [
        *(Path(sys.executable).parent / "pipeline", "report", folder / "run.json"),
        *("--format", "html", "-o", folder / "cold.html"),
    ]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def render(run: Run) -> float:
    """Seconds of one page."""
    began = time.perf_counter()
    show_page(run)
    return time.perf_counter() - began


def opened(file: Path, rounds: int) -> list[float]:
    """Seconds to open a page, each time in a new context of one browser."""
    path = find_browser()
    if not path:
        raise SystemExit(f"bench: no browser; next: {OTHERWISE}")
    found: list[float] = []
    with sync_playwright() as playwright:
        arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        for _ in range(rounds):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(file.as_uri(), wait_until="load")
            found.append(page.evaluate(_OPENED) / 1000)
            page.close()
        browser.close()
    return found


def main() -> int:
    """Print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--lines", type=int, default=0, help="of log for each service")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    run = large_run(options.services, log_lines=options.lines)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = folder / "page.html"
        file.write_text(show_page(run), encoding="utf-8")
        figures = {
            "cold": statistics.median(cold(run, folder) for _ in range(options.rounds)),
            "render": statistics.median(render(run) for _ in range(options.rounds)),
            "open": statistics.median(opened(file, options.rounds)),
            "megabytes": file.stat().st_size / 1e6,
        }
    for name, figure in figures.items():
        goal = f"{GOALS[name]:>6.2f}" if name in GOALS else "     -"
        print(f"{name:<10} {figure:>7.3f}  goal {goal}")
    if options.out:
        machine = {"processors": os.cpu_count(), "python": platform.python_version()}
        options.out.write_text(json.dumps({"machine": machine, "figures": figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
