"""Parts of a fleet for several machines: each image is in one; its families are in each that needs them."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import UsageError
from pipeline.planning.discover import external_images, remote_files
from pipeline.planning.units import Survey, Unit

_SHARD = re.compile(r"([1-9]\d{0,4})/([1-9]\d{0,4})", re.ASCII)


def parse_shard(text: str) -> tuple[int, int]:
    """``2/4`` as (2, 4). Raises UsageError for anything else, and for a shard beyond the last."""
    match = _SHARD.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(
            f"{text!r} is not a shard", where="--shard", next_step="use i/n with 1 ≤ i ≤ n, for example 1/4"
        )
    return int(match[1]), int(match[2])


def pick_shard(survey: Survey, shard: str) -> Survey:
    """The images of one shard and the families that they stand on. Raises UsageError, see `parse_shard`."""
    number, count = parse_shard(shard)
    chosen = {name for name, at in shard_of_images(survey.units, count).items() if at == number}
    bases = {unit.name: unit.base for unit in survey.units}
    wanted = set(chosen)
    for name in chosen:
        base = bases[name]
        while base in bases:
            wanted.add(base)
            base = bases[base]
    units = tuple(unit for unit in survey.units if unit.name in wanted)
    reads = {unit.name: survey.reads[unit.name] for unit in units}
    needed = {unit.base for unit in units}
    return replace(
        survey,
        units=units,
        published=tuple(base for base in survey.published if base.name in needed),
        external=external_images(reads),
        remote=remote_files(reads),
        reads=reads,
    )


def shard_of_images(units: Sequence[Unit], count: int) -> dict[str, int]:
    """Which of ``count`` shards (from 1) each image is in: round robin over names, whatever the order."""
    names = sorted(unit.name for unit in units if unit.kind == "image")
    return {name: index % count + 1 for index, name in enumerate(names)}
