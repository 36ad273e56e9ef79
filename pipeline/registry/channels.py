"""Channels: which release is deployed where, as an unbroken history of entries.

Entry N of a channel stands under ``channel-<name>.<N>`` beside the records; it is written once and never
moved, like a release tag, and holds the digest of entry N-1. The entry with the highest number *is* the
channel's state; ``channel-<name>`` points at it for readers that want one request only, and is put right by
the next command if a write of it was interrupted.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.errors import ReleaseError, UsageError
from pipeline.registry.documents.artifacts import get_document, put_document
from pipeline.registry.oci.client import Registry
from pipeline.together import together

CHANNELS = ("canary", "stable")
CHANNEL_TYPE = "application/vnd.pipeline.channel.v1+json"
_VERSION = 1


class BrokenHistoryError(ReleaseError):
    """A channel's entries do not follow from each other: somebody else wrote or deleted one."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One step in the history of a channel.

    Parameters
    ----------
    channel, number:
        ``canary`` or ``stable``; counted from 1.
    tag, record:
        The release that is deployed from here on: its tag, and the digest of its record.
    action:
        ``promote`` or ``rollback``.
    returns:
        Number of the entry whose release a rollback goes back to; 0 when there is none.
    before:
        Digest of the entry with the number before this one; empty for the first.
    reason:
        Why a rule was overruled, or why it was rolled back.
    at:
        When, UTC, ISO 8601.
    """

    channel: str
    number: int
    tag: str
    record: str
    action: str
    returns: int
    before: str
    reason: str = ""
    at: str = ""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel as it stands: its entries from the first to the current one, and their digests."""

    name: str
    entries: tuple[Entry, ...] = ()
    digests: tuple[str, ...] = ()
    pointer: str = ""

    @property
    def current(self) -> Entry | None:
        """The entry that says what is deployed; None for a channel to which nothing was promoted."""
        return self.entries[-1] if self.entries else None

    @property
    def lags(self) -> bool:
        """Whether ``channel-<name>`` is not at the current entry: its write was interrupted."""
        return bool(self.digests) and self.pointer != self.digests[-1]

    def next_entry(self, **values: Any) -> Entry:
        """The entry after the current one."""
        before = self.digests[-1] if self.digests else ""
        return Entry(channel=self.name, number=len(self.entries) + 1, before=before, **values)


def check_channel(name: str) -> None:
    """Raise UsageError for a name that is no channel."""
    if name not in CHANNELS:
        raise UsageError(f"there is no channel {name!r}", next_step=f"use {' or '.join(CHANNELS)}")


def pointer_tag(name: str) -> str:
    """The one name of a channel's state."""
    return f"channel-{name}"


def entry_tag(name: str, number: int) -> str:
    """The name of one entry, written once."""
    return f"channel-{name}.{number}"


async def read_channel(registry: Registry, repository: str, name: str) -> Channel:
    """A channel with its whole history, checked. Raises BrokenHistoryError, or UsageError for a bad name."""
    check_channel(name)
    pointer = await _read_entry(registry, repository, pointer_tag(name))
    count = pointer[0].number if pointer else 0
    while await registry.resolve(repository, entry_tag(name, count + 1)) is not None:
        count += 1
    found = await together(
        range(1, count + 1), lambda number: _read_entry(registry, repository, entry_tag(name, number))
    )
    channel = Channel(
        name=name,
        entries=tuple(each[0] for each in found if each),
        digests=tuple(each[1] for each in found if each),
        pointer=pointer[1] if pointer else "",
    )
    _check_history(channel, count, where=registry.name(repository, pointer_tag(name)))
    return channel


async def read_deployed(registry: Registry, repository: str, name: str) -> Entry | None:
    """The entry at which a channel's name points; None for none. For views: the history is not checked."""
    check_channel(name)
    found = await _read_entry(registry, repository, pointer_tag(name))
    return found[0] if found else None


def _check_history(channel: Channel, count: int, *, where: str) -> None:
    before = ""
    for number, (entry, digest) in enumerate(zip(channel.entries, channel.digests, strict=True), start=1):
        if (entry.channel, entry.number, entry.before) != (channel.name, number, before):
            raise _broken(f"entry {number} does not follow from the one before it", where=where)
        if not 0 <= entry.returns < number:
            raise _broken(f"entry {number} goes back to {entry.returns}", where=where)
        before = digest
    if len(channel.entries) != count:
        raise _broken(f"{count - len(channel.entries)} of its {count} entries are gone", where=where)
    if channel.pointer and channel.pointer not in channel.digests:
        raise _broken("it points at what is none of its entries", where=where)


def _broken(what: str, *, where: str) -> BrokenHistoryError:
    return BrokenHistoryError(
        f"the history is broken: {what}",
        where=where,
        consequence="neither what is deployed nor what a rollback goes back to can be trusted",
        next_step="find who writes to this repository; `verify --tag` checks a release by itself",
    )


async def _read_entry(registry: Registry, repository: str, tag: str) -> tuple[Entry, str] | None:
    digest = await registry.resolve(repository, tag)
    document = (
        await get_document(registry, repository, digest, artifact_type=CHANNEL_TYPE) if digest else None
    )
    if document is None or digest is None:
        return None
    try:
        return read_entry(document), digest
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(f"an entry cannot be read ({error})", where=registry.name(repository, tag)) from None


def write_entry(entry: Entry) -> dict[str, Any]:
    """The entry as a JSON document."""
    return {"version": _VERSION, **asdict(entry)}


def read_entry(document: Mapping[str, Any]) -> Entry:
    """The entry in a document. Raises KeyError, TypeError or ValueError when it is none."""
    if document["version"] != _VERSION:
        raise ValueError(f"version {document['version']!r} is not {_VERSION}")
    texts = {
        name: str(document[name]) for name in ("channel", "tag", "record", "action", "before", "reason", "at")
    }
    return Entry(number=int(document["number"]), returns=int(document["returns"]), **texts)


async def file_entry(registry: Registry, repository: str, tag: str, entry: Entry) -> str:
    """Write an entry under a tag; return its digest."""
    return await put_document(
        registry,
        repository,
        tag,
        write_entry(entry),
        artifact_type=CHANNEL_TYPE,
        media_type=CHANNEL_TYPE,
    )
