"""Durations as Go, and so Docker, writes and reads them: ``1m30s`` (https://pkg.go.dev/time#ParseDuration)."""

import re

UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # nanoseconds
_MICRO = re.compile("[\u00b5\u03bc]")
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|ns)", re.ASCII)
_WHOLE = re.compile(rf"([+-]?)(0|(?:{_PART.pattern})+)", re.ASCII)


def nanoseconds(text: str) -> int:
    """What it lasts. Raises ValueError for what is none, such as a number without a unit."""
    found = _read(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration such as 90s, 1m30s or 500ms")
    total = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(found[2]))
    return round(-total if found[1] == "-" else total)


def is_duration(text: str) -> bool:
    """Whether Go would take it."""
    return _read(text) is not None


def _read(text: str) -> re.Match[str] | None:
    return _WHOLE.fullmatch(_MICRO.sub("u", text))
