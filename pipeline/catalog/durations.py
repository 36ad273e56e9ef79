"""Durations as people write them in fleet.toml: "20s", "1m30s", "1.5s", "500ms"."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from pipeline.durations import nanoseconds

_PLAIN = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``1m30s``: Go's form, as in Docker's HEALTHCHECK, without a sign
    and without what is shorter than a millisecond.

    Raises ValueError for anything else, also for a number without a unit.
    """
    if _PLAIN.fullmatch(text) is None:
        raise ValueError(f'{text!r} is not a duration such as "20s" or "1m30s"')
    return nanoseconds(text) / 1e9


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0, allow_inf_nan=False)]
"""A field in seconds; fleet.toml may give it as a number or as a duration."""
