"""Sends files to BuildKit: moby.filesync.v1.FileSync/DiffCopy, the sender's half of fsutil's protocol.

https://github.com/tonistiigi/fsutil/blob/master/send.go: first every entry's stat in order, then an empty
one; the daemon asks for contents by their position in that list at any time; FIN is answered with FIN.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote_plus

from pipeline.local.docker import protobuf
from pipeline.local.docker.gomode import to_go
from pipeline.local.docker.session import NOT_FOUND, Call, Refusal
from pipeline.local.patterns import select
from pipeline.local.tar import MTIME
from pipeline.local.tree import Entry, Kind, Tree

STAT, REQUEST, DATA, FIN, ERROR = range(5)
CHUNK = 1 << 15  # fsutil's own; gRPC messages of up to 4 MiB would pass


@dataclass(frozen=True)
class Source:
    """A tree that may be asked for, and how the content of a file (by its digest) is read."""

    tree: Tree
    read: Callable[[str], Iterable[bytes]]


def file_chunks(path: Path) -> Iterable[bytes]:
    """A file's bytes, a little at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


async def diff_copy(call: Call, sources: Mapping[str, Source]) -> None:
    """Answer one DiffCopy call. Raises Refusal for a directory that was not offered."""
    name = "".join(call.metadata.get("dir-name", []))
    if name not in sources:
        raise Refusal(NOT_FOUND, f"no access allowed to dir {name!r}")
    source = sources[name]
    selected = select(
        source.tree,
        include=_patterns(call, "include-patterns"),
        exclude=_patterns(call, "exclude-patterns"),
        follow=_patterns(call, "followpaths"),
    )
    asked: asyncio.Queue[int] = asyncio.Queue()
    sender = asyncio.create_task(_send(call, Source(selected, source.read), asked))
    listener = asyncio.create_task(_listen(call, asked))
    try:
        # NB: both at once: the daemon asks for contents before it has every stat
        await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
        (sender if sender.done() else listener).result()
    finally:
        sender.cancel()
        listener.cancel()


async def _send(call: Call, source: Source, asked: asyncio.Queue[int]) -> NoReturn:
    for path in source.tree.paths:
        await call.send(protobuf.encode((1, STAT), (2, encode_stat(path, source.tree.entries[path]))))
    await call.send(b"")
    while True:
        position = await asked.get()
        # NB: a packet without data ends a file, so an empty chunk must not be sent
        for chunk in filter(None, source.read(source.tree.entries[source.tree.paths[position]].content)):
            await call.send(protobuf.encode((1, DATA), (3, position), (4, chunk)))
        await call.send(protobuf.encode((1, DATA), (3, position)))


async def _listen(call: Call, asked: asyncio.Queue[int]) -> None:
    while (raw := await call.receive()) is not None:
        packet = protobuf.decode(raw)
        match protobuf.number(packet, 1):
            case 1:  # NB: REQUEST; a bare name would bind instead of compare
                asked.put_nowait(protobuf.number(packet, 3))
            case 3:
                await call.send(protobuf.encode((1, FIN)))
                return
            case 4:
                raise ValueError(protobuf.text(packet, 4))


def encode_stat(path: str, entry: Entry) -> bytes:
    """fsutil's Stat: https://github.com/tonistiigi/fsutil/blob/master/types/stat.proto."""
    is_file, is_link = entry.kind is Kind.FILE, entry.kind is Kind.SYMLINK
    return protobuf.encode(
        (1, path),
        (2, to_go(entry.mode, entry.kind)),
        (3, entry.uid),
        (4, entry.gid),
        (5, entry.size if is_file else 0),
        (6, MTIME * 10**9),
        (7, entry.content if is_link else ""),
    )


def _patterns(call: Call, key: str) -> list[str]:
    values = call.metadata.get(key, [])
    return [unquote_plus(value) for value in values] if f"{key}-encoded" in call.metadata else values
