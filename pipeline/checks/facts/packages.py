"""What Python packages need of the system, and what apt packages have and bring along: the data files."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
_KNOWN = tomllib.loads((_DATA / "libraries.toml").read_text())

# Soname -> apt packages that have it; program -> apt packages that have it.
LIBRARIES: Mapping[str, tuple[str, ...]] = {name: tuple(each) for name, each in _KNOWN["libraries"].items()}
PROGRAMS: Mapping[str, tuple[str, ...]] = {name: tuple(each) for name, each in _KNOWN["programs"].items()}


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a Python package needs; not with one of the extras in ``unless``. ``proof``: libraries.toml."""

    libraries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    proof: str


def _needs(entry: Mapping[str, Any]) -> Needs:
    lists = {key: tuple(value) for key, value in entry.items() if key != "proof"}
    return Needs(proof=entry["proof"], **lists)


NEEDS: Mapping[str, Needs] = {name: _needs(entry) for name, entry in _KNOWN["packages"].items()}


def needs_of(package: str, extras: str = "") -> Iterator[tuple[str, Needs]]:
    """What a package needs, and what the packages need that it brings: (their name, needs)."""
    needs = NEEDS.get(package)
    if needs is None or {each.strip() for each in extras.split(",")} & {*needs.unless}:
        return
    yield package, needs
    for name in needs.brings:
        yield from needs_of(name)


def brought_by(package: str, *, recommends: bool) -> frozenset[str]:
    """An apt package and those of the known ones that come along with it."""
    name = package.removesuffix("t64")
    entry = _apt().get(name, {})
    extra = entry.get("recommends", []) if recommends else []
    return frozenset({name, *entry.get("depends", []), *extra})


@cache
def _apt() -> Mapping[str, Mapping[str, list[str]]]:
    return json.loads((_DATA / "apt.json").read_text())["packages"]
