"""Durations as people write them in fleet.toml: "20s", "1m30s", "1.5s", "500ms"."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``1m30s``: Go's form, as in Docker's HEALTHCHECK, without a sign.

    Raises ValueError for anything else, also for a number without a unit.
    """
    if not text.isascii() or _WHOLE.fullmatch(text) is None:
        raise ValueError(f'{text!r} is not a duration such as "20s" or "1m30s"')
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0, allow_inf_nan=False)]
"""A field in seconds; fleet.toml may give it as a number or as a duration."""
