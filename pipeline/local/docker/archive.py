"""Files of a container, read and written through Docker's archive endpoints; and trees as tars."""

import base64
import io
import json
import tarfile
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import IO

from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.filesync import MTIME
from pipeline.local.docker.gomode import from_go
from pipeline.local.docker.model import Contents, DockerError, Stat
from pipeline.local.tree import Entry, Kind, Tree

TYPES = {Kind.FILE: tarfile.REGTYPE, Kind.DIRECTORY: tarfile.DIRTYPE, Kind.SYMLINK: tarfile.SYMTYPE}
PIECE = 1 << 20


async def stat(client: Client, container: str, path: str) -> Stat | None:
    """What is at ``path``; the last part is not followed."""
    try:
        async with client.open("HEAD", f"containers/{container}/archive", params={"path": path}) as response:
            found = json.loads(base64.b64decode(response.headers["X-Docker-Container-Path-Stat"]))
    except ApiError as error:
        if error.status == 404 or await _crosses_a_file(client, container, path):
            return None
        raise
    mode, kind = from_go(found["mode"])
    link = found.get("linkTarget", "")
    return Stat(name=found["name"], kind=kind, mode=mode, size=found["size"], link=link)  # type: ignore[arg-type]


async def read(client: Client, container: str, path: str) -> AsyncIterator[bytes]:
    """A tar of what is at ``path``."""
    try:
        async with client.open("GET", f"containers/{container}/archive", params={"path": path}) as response:
            async for chunk in response.content.iter_chunked(PIECE):
                yield chunk
    except ApiError as error:
        if error.status == 404 or "not a directory" in error.what:
            raise DockerError(f"stat {path}: no such file or directory") from error
        raise


async def _crosses_a_file(client: Client, container: str, path: str) -> bool:
    """Whether a part of ``path`` is a file; the answer to HEAD has no body that would say so."""
    try:
        async with client.open("GET", f"containers/{container}/archive", params={"path": path}):
            return False
    except ApiError as error:
        return "not a directory" in error.what


async def write(client: Client, container: str, path: str, pieces: Iterable[bytes]) -> None:
    """Unpack a tar below ``path``, with the owners and modes that it says."""

    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    params, headers = {"path": path}, {"Content-Type": "application/x-tar"}
    async with client.open(
        "PUT", f"containers/{container}/archive", params=params, body=body(), headers=headers
    ) as response:
        await response.read()


def tar_of(entries: Iterable[tuple[str, Entry]], contents: Contents) -> Iterator[bytes]:
    """A tar of (name, entry), reading one file at a time."""
    for name, entry in entries:
        member = _member(name, entry)
        yield member.tobuf(tarfile.PAX_FORMAT)
        if entry.kind is Kind.FILE:
            with contents.path(entry.content).open("rb") as file:
                yield from _padded(file, entry.size)
    yield bytes(2 * tarfile.BLOCKSIZE)


def below(prefix: str, tree: Tree) -> Iterator[tuple[str, Entry]]:
    """The tree's entries with ``prefix`` before their names."""
    for path in tree.paths:
        yield f"{prefix}/{path}", tree.entries[path]


def _member(name: str, entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = TYPES[entry.kind], entry.mode, MTIME
    member.uid, member.gid = entry.uid, entry.gid
    member.size = entry.size if entry.kind is Kind.FILE else 0
    member.linkname = entry.content if entry.kind is Kind.SYMLINK else ""
    return member


def _padded(file: IO[bytes] | io.BufferedReader, size: int) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece
    yield bytes(-size % tarfile.BLOCKSIZE)
