"""Moving channels: promote and rollback. No image is built or copied; one new entry says what is deployed."""

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from pipeline.errors import ReleaseError
from pipeline.registry.channels import (
    Channel,
    Entry,
    check_channel,
    entry_tag,
    file_entry,
    pointer_tag,
    read_channel,
)
from pipeline.registry.documents.records import Filed, demand_record, demand_whole, find_record
from pipeline.registry.documents.seals import seal
from pipeline.registry.documents.signing import Signer
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.lag import settled
from pipeline.registry.tag_phase.release import Timing

# Seconds after which the entry that is read is the one that stays: the assumptions of the tag phase.
SETTLE = Timing().rules.wait
_UNCHANGED = "the channel is as it was"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a move did: the entry before and the one after it, the same where nothing had to be done."""

    before: Entry | None
    after: Entry
    filed: Filed

    @property
    def changed(self) -> bool:
        """Whether a new entry was written."""
        return self.before != self.after


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A promotion. ``force`` is a reason for overruling; ``objections`` are what speaks against it.

    ``at`` is the time to write down; ``settle`` the seconds after which an entry is read back; ``signer``
    signs it.
    """

    channel: str
    tag: str
    at: str
    force: str = ""
    objections: Sequence[str] = ()
    settle: float = SETTLE
    signer: Signer | None = None


async def promote(registry: Registry, repository: str, wanted: Wanted) -> Moved:
    """Deploy a release on a channel from now on.

    Repeating it is safe. Raises ReleaseError, with nothing written, when there is no record, an image of it
    is gone, or something speaks against it and no reason was given; also when another run was faster.
    """
    check_channel(wanted.channel)
    filed = await demand_record(registry, repository, wanted.tag)
    channel = await read_channel(registry, repository, wanted.channel)
    current = channel.current
    if current is not None and current.record == filed.digest:
        await _sign(registry, repository, current, channel.digests[-1], wanted.signer)
        await _point(registry, repository, channel.name)
        return Moved(before=current, after=current, filed=filed)
    _demand_unmoved(channel, filed)
    await demand_whole(registry, filed)
    objections = [*wanted.objections, *await _untried(registry, repository, wanted.channel, filed)]
    if objections and not wanted.force.strip():
        raise ReleaseError(
            "; ".join(objections),
            where=f"{wanted.channel}: {wanted.tag}",
            consequence=_UNCHANGED,
            next_step='mend it, or overrule it with --force "REASON", which the history keeps',
        )
    entry = channel.next_entry(
        tag=filed.record.tag,
        record=filed.digest,
        action="promote",
        returns=current.number if current else 0,
        reason=wanted.force.strip(),
        at=wanted.at,
    )
    await _append(registry, repository, entry, settle=wanted.settle, signer=wanted.signer)
    return Moved(before=current, after=entry, filed=filed)


def _demand_unmoved(channel: Channel, filed: Filed) -> None:
    """A record is written once: another one under a tag that was deployed is somebody's doing."""
    if any(e.tag == filed.record.tag and e.record != filed.digest for e in channel.entries):
        raise ReleaseError(
            "its record is not the one that was deployed on this channel before",
            where=f"{channel.name}: {filed.record.tag}",
            consequence=_UNCHANGED,
            next_step="find who moved the tag; release the commit again under the suffix .N",
        )


async def _untried(registry: Registry, repository: str, channel: str, filed: Filed) -> list[str]:
    """``stable`` takes only what was canary: that very record, not another one under its tag."""
    if channel != "stable":
        return []
    canary = await read_channel(registry, repository, "canary")
    if any(entry.record == filed.digest for entry in canary.entries):
        return []
    return [f"{filed.record.tag} was never canary"]


async def rollback(
    registry: Registry,
    repository: str,
    name: str,
    *,
    at: str,
    reason: str = "",
    settle: float = SETTLE,
    signer: Signer | None = None,
) -> Moved:
    """Deploy again what was deployed before; once more goes one further back.

    Raises ReleaseError, with nothing written, when nothing was deployed before or it is not whole any more.
    """
    channel = await read_channel(registry, repository, name)
    current = channel.current
    if current is None or not current.returns:
        raise ReleaseError(
            "there is nothing to go back to: "
            + ("its first release is deployed" if current else "it is empty"),
            where=name,
            consequence=_UNCHANGED,
            next_step="`promote --tag T` deploys any release; `history` lists what there was",
        )
    target = channel.entries[current.returns - 1]
    filed = await _recorded(registry, repository, target)
    await demand_whole(registry, filed)
    entry = channel.next_entry(
        tag=target.tag,
        record=target.record,
        action="rollback",
        returns=target.returns,
        reason=reason,
        at=at,
    )
    await _append(registry, repository, entry, settle=settle, signer=signer)
    return Moved(before=current, after=entry, filed=filed)


async def _recorded(registry: Registry, repository: str, entry: Entry) -> Filed:
    """The very record that was deployed, whatever its tag says today."""
    filed = await find_record(registry, repository, entry.record)
    if filed is None:
        raise ReleaseError(
            f"its record {entry.record} is gone",
            where=registry.name(repository, entry.tag),
            consequence=_UNCHANGED,
            next_step="`promote --tag T` deploys another release",
        )
    return filed


async def _append(
    registry: Registry, repository: str, entry: Entry, *, settle: float, signer: Signer | None
) -> None:
    """Write the entry unless its number is taken, wait, and make sure that it is this one that stayed.

    NB: signed only then: who lost leaves no signature on what is not deployed.
    """
    tag = entry_tag(entry.channel, entry.number)
    if await registry.resolve(repository, tag) is not None:
        raise await _lost(registry, repository, entry)
    digest = await file_entry(registry, repository, tag, entry)
    await anyio.sleep(settle)
    found = await registry.resolve(repository, tag) or await settled(registry, repository, tag, digest)
    if found != digest:
        raise await _lost(registry, repository, entry)
    await _sign(registry, repository, entry, digest, signer)
    await _point(registry, repository, entry.channel)


async def _sign(
    registry: Registry, repository: str, entry: Entry, digest: str, signer: Signer | None
) -> None:
    if signer is not None:
        tag = entry_tag(entry.channel, entry.number)
        await seal(registry, repository, tag=tag, digest=digest, signer=signer)


async def _lost(registry: Registry, repository: str, entry: Entry) -> ReleaseError:
    channel = await read_channel(registry, repository, entry.channel)
    winner = channel.entries[entry.number - 1] if len(channel.entries) >= entry.number else None
    told = f"{winner.action} of {winner.tag} at {winner.at}" if winner else "another run"
    return ReleaseError(
        f"{told} was faster",
        where=registry.name(repository, entry_tag(entry.channel, entry.number)),
        consequence=f"{entry.tag} is not deployed on {entry.channel}",
        next_step="`status` shows what is; then decide again",
    )


async def _point(registry: Registry, repository: str, name: str) -> Channel:
    """Let ``channel-<name>`` name the newest entry; again while a newer one appears meanwhile."""
    channel = await read_channel(registry, repository, name)
    while channel.lags:
        manifest = await registry.manifest(repository, channel.digests[-1])
        if manifest is None:
            raise ReleaseError(
                "its newest entry vanished", where=registry.name(repository, pointer_tag(name))
            )
        await registry.put_manifest(repository, pointer_tag(name), manifest)
        if await settled(registry, repository, pointer_tag(name), manifest.digest) == manifest.digest:
            return channel
        channel = await read_channel(registry, repository, name)
    return channel
