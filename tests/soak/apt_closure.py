"""Writes pipeline/checks/facts/data/apt.json: which libraries and programs an apt package brings along.

From the dependency data that `apt-get update` left on this machine; nothing is downloaded or installed.
Run on Debian: python tests/soak/apt_closure.py. Names that this release does not have are left out.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.checks.facts.packages import LIBRARIES, PROGRAMS

OUT = Path(__file__).parents[2] / "pipeline/checks/facts/data/apt.json"
_HARD = ("Depends", "PreDepends")
ASKED = Path(__file__).with_name("apt_packages.txt")


def main() -> None:
    """Write the table."""
    asked = [row for row in ASKED.read_text().splitlines() if not row.startswith("#")]
    packages = sorted({*asked, *(name for each in LIBRARIES.values() for name in each)})
    targets = {name for each in (*LIBRARIES.values(), *PROGRAMS.values()) for name in each}
    known = Dependencies(packages)
    table: dict[str, dict[str, list[str]]] = {}
    for name in packages:
        hard = (known.closure(name, *_HARD) & targets) - {name}
        soft = (known.closure(name, *_HARD, "Recommends") & targets) - hard - {name}
        if hard or soft:
            table[name] = {"depends": sorted(hard), "recommends": sorted(soft)}
    value = {"source": f"apt-cache depends, {_release()}", "packages": table}
    OUT.write_text(json.dumps(value, indent=1) + "\n")
    print(f"{len(table)} of {len(packages)} packages bring something along")


class Dependencies:
    """What packages bring along; of alternatives the first, as apt takes it."""

    def __init__(self, roots: list[str]) -> None:
        self._direct: dict[str, dict[str, list[str]]] = {}
        waiting = roots
        while waiting:
            self._ask(waiting)
            below = {each for name in waiting for kind in self._direct[name].values() for each in kind}
            waiting = sorted(below - {*self._direct})

    def closure(self, name: str, *kinds: str) -> set[str]:
        """A package and all that comes along."""
        seen: set[str] = set()
        waiting = {name}
        while waiting:
            seen |= waiting
            waiting = {
                below for each in waiting for kind in kinds for below in self._direct[each].get(kind, ())
            } - seen
        return seen

    def _ask(self, names: list[str]) -> None:
        argv = ["apt-cache", "depends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces"]
        text = subprocess.run(
            [*argv, "--no-enhances", *names], check=True, capture_output=True, text=True
        ).stdout
        self._direct |= {name: {} for name in names}
        self._direct |= {name: _relations(rows) for name, rows in _blocks(text) if name in self._direct}


def _relations(rows: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    continues = False
    virtual = ""
    for row in rows:
        kind, colon, name = row.strip().partition(": ")
        if not colon:
            # NB: below a virtual package stand those that provide it.
            if virtual:
                found.setdefault(virtual, []).append(row.strip().partition(":")[0])
            virtual = ""
            continue
        first = not continues
        continues = kind.startswith("|")
        kind = kind.removeprefix("|")
        virtual = kind if first and name.startswith("<") else ""
        if first and not virtual:
            found.setdefault(kind, []).append(name.partition(":")[0])
    return found


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    name, rows = "", []
    for row in [*text.splitlines(), ""]:
        if row.startswith(" "):
            rows.append(row)
            continue
        if name:
            yield name, rows
        name, rows = row.strip(), []


def _release() -> str:
    rows = Path("/etc/os-release").read_text().splitlines()
    return next(row.partition("=")[2].strip('"') for row in rows if row.startswith("PRETTY_NAME="))


if __name__ == "__main__":
    main()
