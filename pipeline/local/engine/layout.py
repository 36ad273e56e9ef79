"""How new files meet the files of an image: links on the way are followed, directories keep mode and
owner."""

import io
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator

from pipeline.local import docker
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.tree import Entry, Kind, Tree

HEADERS = 8192  # bytes of a tar archive, enough for one entry with its extended header


async def settled(engine: Engine, image: docker.DockerImage, files: Tree) -> Tree:
    """``files`` as a layer for ``image``.

    NB: a layer says everything about a directory: one that it names gets the mode it gives, and a link in
    the image is
    replaced by it. So directories that are there are repeated as they are, and links are written through.
    """
    there: dict[str, str] = {"": ""}  # directories of ``files`` that the image has, and where they really are
    entries: dict[str, Entry] = {}
    for path in files.paths:
        entry = files.entries[path]
        parent, _, name = path.rpartition("/")
        real = there.get(parent)
        if real is None:  # below a directory that is new
            entries[_moved(path, there)] = entry
            continue
        where = f"{real}/{name}" if real else name
        if entry.kind is Kind.DIRECTORY and (old := await existing(engine, image, where)):
            there[path] = old[0]
            await _repeat(engine, image, old[0], entries)
        else:
            entries[where] = entry
    return Tree(entries)


def _moved(path: str, there: dict[str, str]) -> str:
    """Where a path lies when the nearest directory above it that the image has is a link elsewhere."""
    parent = path
    while parent not in there:
        parent = parent.rpartition("/")[0]
    rest = path[len(parent) :].lstrip("/")
    return f"{there[parent]}/{rest}" if there[parent] else rest


async def _repeat(engine: Engine, image: docker.DockerImage, path: str, entries: dict[str, Entry]) -> None:
    while path and path not in entries:
        found = await existing(engine, image, path)
        if found is None:
            return
        entries[path] = found[1]
        path = path.rpartition("/")[0]


async def existing(engine: Engine, image: docker.DockerImage, path: str) -> tuple[str, Entry] | None:
    """The directory that an image has at a path, and where it really is; None if there is nothing."""
    return await engine.flights.once(f"directory {image.id} {path}", lambda: _look(engine, image, path))


async def _look(engine: Engine, image: docker.DockerImage, path: str) -> tuple[str, Entry] | None:
    connection = await engine.docker()
    found = await connection.stat(image, f"/{path}")
    if found is None:
        return None
    if found.kind == "symlink":
        return await existing(engine, image, found.link.strip("/"))
    if found.kind != "directory":
        raise QueryError(f"path /{path} is a {found.kind} in the image, not a directory")
    header = _first(await _beginning(connection.read(image, f"/{path}")))
    return path, Entry(Kind.DIRECTORY, header.mode & 0o7777, uid=header.uid, gid=header.gid)


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= HEADERS:
            break
    if isinstance(chunks, AsyncGenerator):
        await chunks.aclose()  # the rest of a large directory is not wanted
    return head


def _first(head: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(head), mode="r:") as archive:
        found = archive.next()
    if found is None:
        raise QueryError("Docker gave an empty archive")
    return found
