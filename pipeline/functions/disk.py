"""Room where the engine builds: how much a plan needs at most, and how much there is."""

import secrets
from collections.abc import Iterable, Iterator, Mapping

import dagger
from dagger import dag

from pipeline.catalog.platform_choice import fleet_platforms
from pipeline.catalog.platforms import pick_native
from pipeline.planning.plan import PlannedUnit
from pipeline.registry.oci.packages import Layers, Looked
from pipeline.reporting.preflight import Disk
from pipeline.reporting.words import size
from pipeline.stages.lookup import Outlook
from pipeline.stages.request import Opened

# Bytes on the engine's disk for one compressed byte of a layer: the byte itself on its way, and 2.1 unpacked
# (measured on the reference fleet: docs/preflight.md).
_UNPACKED = 3


async def look_at_disk(fleet: Opened, outlook: Outlook, looked: list[Looked]) -> Disk:
    """What the plan needs at most, and what is free where the engine builds."""
    layers = {each.package.name: each.layers for each in looked}
    needed, unknown = disk_needed(_busy(outlook.plan.units), layers)
    if not needed and not unknown:
        return Disk()
    return Disk(free=await _free(fleet, outlook), needed=needed, unknown=unknown)


def _busy(units: Iterable[PlannedUnit]) -> Iterator[tuple[str, str]]:
    """Name and base of each unit that is built, or pulled to be tested."""
    for planned in units:
        if planned.decision == "build" or any(each.decision == "run" for each in planned.smoke):
            yield planned.unit.name, planned.unit.base


def disk_needed(busy: Iterable[tuple[str, str]], layers: Mapping[str, Layers]) -> tuple[int, tuple[str, ...]]:
    """Bytes that units (name and base) need at most, by what was pushed last, and whose size is not known.

    A layer that several images share counts once.
    """
    names = dict.fromkeys(each for name, base in busy for each in (base, name))
    sizes = {digest: number for name in names for digest, number in layers.get(name, ())}
    unknown = tuple(name for name in names if not layers.get(name))
    return _UNPACKED * sum(sizes.values()), unknown


async def _free(fleet: Opened, outlook: Outlook) -> int:
    """Bytes that are free where the engine builds; -1 if it cannot be told.

    NB: this module may run in a container, and Docker's disk may be another than this machine's: the file
    system of a container of the root image (or another base) is the one that the engine builds on.
    """
    for base in outlook.survey.published[:1]:
        reference = f"{base.reference.name}@{outlook.digests[str(base.reference)]}"
        platform = pick_native(fleet_platforms(fleet.catalog.fleet), outlook.wanted.native)
        container = fleet.access.sign_in(dag.container(platform=dagger.Platform(platform))).from_(reference)
        asked = container.with_env_variable("ASKED", secrets.token_hex(4)).with_exec(["df", "-Pk", "/"])
        try:
            return free_bytes(await asked.stdout())
        except dagger.QueryError:
            return -1
    return -1


def free_bytes(df: str) -> int:
    """The column "Available" of `df -Pk` (POSIX) in bytes; -1 if there is none."""
    lines = df.strip().splitlines()
    words = lines[-1].split() if len(lines) > 1 else []
    return int(words[3]) * 1024 if len(words) >= 6 and words[3].isdigit() else -1


def show_room(disk: Disk) -> str:
    """One line of what is free and what is needed."""
    if not disk.needed and not disk.unknown:
        return "nothing to build or pull"
    free = "unknown" if disk.free < 0 else size(max(1, disk.free))
    needed = [f"up to {size(disk.needed)} needed"] if disk.needed else []
    if disk.unknown:
        needed.append(
            f"{'and ' if needed else ''}an unknown size for {', '.join(disk.unknown)} (never pushed)"
        )
    return f"{free} free where the engine builds, {', '.join(needed)}"
