"""Channels for the module: promote, rollback, status, history."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import ReleaseError, UsageError
from pipeline.functions.settle import settling
from pipeline.registry.channels import CHANNELS, Channel, Entry, check_channel, read_channel
from pipeline.registry.documents.proof import evidence_problems, untested
from pipeline.registry.documents.records import absent_units, demand_record, find_record, is_release_tag
from pipeline.registry.documents.signing import load_trust
from pipeline.registry.moves import Moved, Wanted, promote, rollback
from pipeline.registry.oci.client import Registry
from pipeline.registry.tag_phase.journal import PENDING
from pipeline.reporting.releases import Form, show_document, show_history, show_move, show_status
from pipeline.stages.request import Opened, Request, opened
from pipeline.together import together

_REACH = {"nothing": (), "canary": ("canary",), "stable": CHANNELS}


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """Flags of the function `promote`.

    ``force`` is a reason, empty for none; ``settle`` the seconds by which reads may lag behind writes.
    """

    tag: str
    channel: str
    force: str = ""
    settle: float = 3.0
    form: Form = "text"


async def promote_release(request: Request, wishes: Promotion) -> str:
    """Deploy a release on a channel from now on; what speaks against it needs a reason."""
    check_channel(wishes.channel)
    timing = settling(wishes.settle)
    async with opened(request) as fleet:
        registry, repository = await fleet.records()
        wanted = Wanted(
            channel=wishes.channel,
            tag=wishes.tag,
            at=_now(),
            force=wishes.force,
            objections=await _objections(fleet, registry, repository, wishes),
            settle=timing.rules.wait,
            signer=fleet.access.signer,
        )
        moved = await promote(registry, repository, wanted)
        return show_document(_moved(registry, moved), wishes.form, show_move)


async def _objections(
    fleet: Opened, registry: Registry, repository: str, wishes: Promotion
) -> tuple[str, ...]:
    """What speaks against a promotion by the evidence and the catalog's policy."""
    record = (await demand_record(registry, repository, wishes.tag)).record
    trust = load_trust(fleet.catalog.fleet.public_key)
    told = [f"{p.subject}: {p.what}" for p in await evidence_problems(registry, record, trust)]
    if wishes.channel in _REACH[fleet.catalog.fleet.untested_allows]:
        return tuple(told)
    expected = {
        name: tuple(each.name for each in image.smoked) for name, image in fleet.catalog.images.items()
    }
    if missing := await untested(registry, record, expected):
        policy = f"untested_allows is {fleet.catalog.fleet.untested_allows!r} in the catalog"
        told.append(f"no smoke test passed, or it was skipped, for {', '.join(missing)} ({policy})")
    return tuple(told)


async def roll_back(request: Request, *, channel: str, reason: str, settle: float, form: Form) -> str:
    """Deploy again what was deployed before; ``settle`` as for a promotion."""
    check_channel(channel)
    timing = settling(settle)
    async with opened(request) as fleet:
        registry, repository = await fleet.records()
        moved = await rollback(
            registry,
            repository,
            channel,
            at=_now(),
            reason=reason,
            settle=timing.rules.wait,
            signer=fleet.access.signer,
        )
        return show_document(_moved(registry, moved), form, show_move)


def _moved(registry: Registry, moved: Moved) -> dict[str, Any]:
    return {
        "channel": moved.after.channel,
        "changed": moved.changed,
        "before": asdict(moved.before) if moved.before else None,
        "after": asdict(moved.after),
        "images": {
            unit.name: registry.name(unit.repository, unit.digest)
            for unit in moved.filed.record.units
            if unit.kind == "image"
        },
    }


async def show_channels(request: Request, form: Form) -> str:
    """What is deployed on each channel, and what could be."""
    async with opened(request) as fleet:
        registry, repository = await fleet.records()
        tags = await registry.tags(repository) or ()
        unfinished = [tag.removeprefix(PENDING) for tag in tags if tag.startswith(PENDING)]
        document = {
            "records": registry.name(repository),
            "channels": await together(CHANNELS, lambda name: _state(registry, repository, name)),
            "releases": sorted((tag for tag in tags if is_release_tag(tag)), reverse=True),
            "unfinished": sorted(tag for tag in unfinished if tag not in tags),
        }
        return show_document(document, form, show_status)


async def _state(registry: Registry, repository: str, name: str) -> dict[str, Any]:
    channel = await read_channel(registry, repository, name)
    current = channel.current
    return {
        "channel": name,
        "current": asdict(current) if current else None,
        "back": _back(channel, current),
        "lags": channel.lags,
        "missing": await _missing(registry, repository, current) if current else [],
    }


def _back(channel: Channel, current: Entry | None) -> str:
    return channel.entries[current.returns - 1].tag if current and current.returns else ""


async def _missing(registry: Registry, repository: str, entry: Entry) -> list[str]:
    filed = await find_record(registry, repository, entry.record)
    if filed is None:
        return ["its record"]
    return [unit.name for unit in await absent_units(registry, filed.record)]


async def show_channel_history(request: Request, *, channel: str, form: Form) -> str:
    """Every entry of a channel, newest first."""
    check_channel(channel)
    async with opened(request) as fleet:
        registry, repository = await fleet.records()
        found = await read_channel(registry, repository, channel)
        document = {"channel": channel, "entries": [asdict(each) for each in reversed(found.entries)]}
        return show_document(document, form, show_history)


async def release_tag(registry: Registry, repository: str, name: str) -> str:
    """What a release tag or a channel's name stands for: a record's tag or digest."""
    if name not in CHANNELS:
        if not is_release_tag(name):
            raise UsageError(
                f"{name!r} is neither a release tag nor a channel",
                next_step=f"give <YYYYMMDD>-<7 hex>[.N], or {' or '.join(CHANNELS)}",
            )
        return name
    current = (await read_channel(registry, repository, name)).current
    if current is None:
        raise ReleaseError("nothing was promoted to it yet", where=name)
    return current.record


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
