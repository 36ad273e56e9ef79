"""Parts of a fleet for several machines: each image is in one; its families are in each that needs them.

A wave before them builds the families once; a shard builds itself what it then still misses.
"""

import heapq
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.errors import UsageError
from pipeline.planning.units import Survey, Unit

FAMILIES = "families"
"""The part that has all families and no image."""
_SHARD = re.compile(r"([1-9]\d{0,4})/([1-9]\d{0,4})", re.ASCII)


def parse_shard(text: str) -> tuple[int, int]:
    """``2/4`` as (2, 4). Raises UsageError for anything else, and for a shard beyond the last."""
    match = _SHARD.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(
            f"{text!r} is not a shard",
            where="--shard",
            next_step=f"use i/n with 1 ≤ i ≤ n, for example 1/4, or {FAMILIES}",
        )
    return int(match[1]), int(match[2])


def pick_shard(survey: Survey, shard: str) -> Survey:
    """The images of one shard and the families that they stand on, or `FAMILIES`.

    Raises UsageError, see `parse_shard`.
    """
    wanted = _families(survey) if shard == FAMILIES else _with_bases(survey, shard)
    units = tuple(unit for unit in survey.units if unit.name in wanted)
    needed = {unit.base for unit in units}
    return replace(
        survey,
        units=units,
        published=tuple(base for base in survey.published if base.name in needed),
        readings={unit.name: survey.readings[unit.name] for unit in units},
    )


def _families(survey: Survey) -> set[str]:
    return {unit.name for unit in survey.units if unit.kind == "family"}


def _with_bases(survey: Survey, shard: str) -> set[str]:
    number, count = parse_shard(shard)
    chosen = {name for name, at in shard_of_images(survey.units, count).items() if at == number}
    bases = {unit.name: unit.base for unit in survey.units}
    wanted = set(chosen)
    for name in chosen:
        base = bases[name]
        while base in bases:
            wanted.add(base)
            base = bases[base]
    return wanted


def shard_of_images(
    units: Sequence[Unit], count: int, seconds: Mapping[str, float] | None = None
) -> dict[str, int]:
    """Which of ``count`` shards (from 1) each image is in, whatever the order of ``units``.

    Each image, the longest first, goes to the shard that has the least to do (R. L. Graham, Bounds on
    Multiprocessing Timing Anomalies, 1969: at most 4/3 of the best). Of which ``seconds`` are not known
    counts like the mean of the others; without any that is round robin over names.
    """
    known = [taken for taken in (seconds or {}).values() if taken]
    mean = sum(known) / len(known) if known else 1.0
    weights = {unit.name: (seconds or {}).get(unit.name) or mean for unit in units if unit.kind == "image"}
    loads = [(0.0, shard) for shard in range(1, count + 1)]
    placed: dict[str, int] = {}
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        load, placed[name] = loads[0]
        heapq.heapreplace(loads, (load + weights[name], placed[name]))
    return dict(sorted(placed.items()))
