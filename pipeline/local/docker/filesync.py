"""Sends files to BuildKit: moby.filesync.v1.FileSync/DiffCopy, the sender's half of fsutil's protocol.

https://github.com/tonistiigi/fsutil/blob/master/send.go: first every entry's stat in order, then an empty
one; the daemon asks for contents by their position in that list at any time; FIN is answered with FIN.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import unquote_plus

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from pipeline.errors import EngineError
from pipeline.local.blobs import Blobs
from pipeline.local.docker.gomode import to_go
from pipeline.local.docker.messages import buildkit
from pipeline.local.patterns import select
from pipeline.local.tar import MTIME
from pipeline.local.tree import Entry, Kind, Tree, refuse_other

STAT, REQUEST, DATA, FIN, ERROR = range(5)
CHUNK = 1 << 15  # fsutil's own; gRPC messages of up to 4 MiB would pass


async def diff_copy(call: Stream, trees: Mapping[str, Tree], blobs: Blobs) -> None:
    """Answer one DiffCopy call. Raises GRPCError for a tree that was not offered."""
    name = "".join(_values(call, "dir-name"))
    if name not in trees:
        raise GRPCError(Status.NOT_FOUND, f"no access allowed to dir {name!r}")
    selected = select(
        trees[name],
        include=_patterns(call, "include-patterns"),
        exclude=_patterns(call, "exclude-patterns"),
        follow=_patterns(call, "followpaths"),
    )
    asked: asyncio.Queue[int] = asyncio.Queue()
    sender = asyncio.create_task(_send(call, selected, blobs, asked))
    listener = asyncio.create_task(_listen(call, asked))
    try:
        # NB: both at once: the daemon asks for contents before it has every stat
        await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
        (sender if sender.done() else listener).result()
    except (OSError, ValueError, EngineError) as error:
        raise GRPCError(Status.UNKNOWN, str(error)) from error
    finally:
        sender.cancel()
        listener.cancel()


async def _send(call: Stream, tree: Tree, blobs: Blobs, asked: asyncio.Queue[int]) -> NoReturn:
    for path in tree.paths:
        await call.send_message(buildkit.Packet(type=STAT, stat=stat_of(path, tree.entries[path])))
    await call.send_message(buildkit.Packet(type=STAT))
    while True:
        position = await asked.get()
        with blobs.path(tree.entries[tree.paths[position]].content).open("rb") as file:
            # NB: a packet without data ends a file
            while chunk := file.read(CHUNK):
                await call.send_message(buildkit.Packet(type=DATA, ID=position, data=chunk))
        await call.send_message(buildkit.Packet(type=DATA, ID=position))


async def _listen(call: Stream, asked: asyncio.Queue[int]) -> None:
    async for packet in call:
        if packet.type == REQUEST:
            asked.put_nowait(packet.ID)
        elif packet.type == FIN:
            await call.send_message(buildkit.Packet(type=FIN))
            return
        elif packet.type == ERROR:
            raise ValueError(packet.data.decode(errors="replace"))


def stat_of(path: str, entry: Entry) -> Any:
    """What BuildKit is told of an entry. Raises EngineError for a device."""
    refuse_other(path, entry)
    return buildkit.Stat(
        path=path,
        mode=to_go(entry.mode, entry.kind),
        uid=entry.uid,
        gid=entry.gid,
        size=entry.size if entry.kind is Kind.FILE else 0,
        modTime=MTIME * 10**9,
        linkname=entry.content if entry.kind is Kind.SYMLINK else "",
    )


def _patterns(call: Stream, key: str) -> list[str]:
    values = _values(call, key)
    return [unquote_plus(value) for value in values] if _values(call, f"{key}-encoded") else values


def _values(call: Stream, key: str) -> list[str]:
    metadata: Any = call.metadata
    return metadata.getall(key, [])
