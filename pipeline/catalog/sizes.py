"""Amounts of memory and disk as people write them in fleet.toml: "512 MiB", "6.2 GB"."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_AMOUNT = re.compile(rf"(\d{{1,15}}(?:\.\d{{1,9}})?) ?({'|'.join(_UNITS)})")


def parse_size(text: str) -> int:
    """Bytes of an amount such as ``512 MiB``. Raises ValueError for anything else, also without a unit."""
    found = _AMOUNT.fullmatch(text) if text.isascii() else None
    if found is None:
        raise ValueError(f'{text!r} is not an amount such as "512 MiB" or "6 GB"')
    return round(float(found[1]) * _UNITS[found[2]])


def show_size(size: int) -> str:
    """``34.2 MiB``, ``512 B``."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.1f} {unit}"
    return f"{size} B"


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


Size = Annotated[int, BeforeValidator(_size), Field(gt=0)]
"""A field in bytes; fleet.toml may give it as a number or as an amount."""
