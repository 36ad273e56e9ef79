"""Containers into Docker images: only when something needs one, and each only once."""

import asyncio
import io
import posixpath
import tarfile
import tempfile
from contextlib import aclosing
from typing import Any

from pipeline.local.docker import archive, load
from pipeline.local.docker.commit import commit
from pipeline.local.docker.model import Container as Ended
from pipeline.local.docker.model import DockerImage
from pipeline.local.engine.container import Container
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.tar import layer_of
from pipeline.local.tree import Entry, Kind, Tree

HEADERS = 8192  # bytes of a tar archive, enough for one entry with its extended header


async def image_of(engine: Engine, container: Container) -> DockerImage:
    """The image that this container is: its files and exactly its configuration."""
    files = await files_of(engine, container)
    if files is not None and dict(files.config) == dict(container.config):
        return files
    client = (await engine.docker()).client
    key = f"configured {files.id if files else container.platform} {sorted(container.config.items())!r}"
    return await engine.flights.once(
        key, lambda: load.derive(client, files, config=container.config, platform=container.platform)
    )


async def files_of(engine: Engine, container: Container) -> DockerImage | None:
    """An image with its files, whatever the configuration; None if there are none at all."""
    base = await base_image(engine, container.base)
    if not container.files.entries and not container.removed:
        return base
    below = base.id if base else container.platform
    key = f"layer {below} {container.files.digest} {sorted(container.removed)!r}"
    return await engine.flights.once(key, lambda: _layered(engine, base, container))


async def base_image(engine: Engine, base: DockerImage | Ended | None) -> DockerImage | None:
    """The image below; what a command left behind is committed now."""
    if not isinstance(base, Ended):
        return base
    docker, ended = await engine.docker(), base
    return await engine.flights.once(
        f"commit {ended.id}", lambda: commit(docker, ended, config=ended.image.config)
    )


async def _layered(engine: Engine, base: DockerImage | None, container: Container) -> DockerImage:
    client = (await engine.docker()).client
    tree = await settled(engine, base, container.files) if base else container.files
    with tempfile.TemporaryFile(dir=engine.folder) as layer:
        await asyncio.to_thread(layer.writelines, layer_of(tree, engine.blobs, removed=container.removed))
        config = base.config if base else {}
        return await load.derive(client, base, config=config, layers=[layer], platform=container.platform)


async def settled(engine: Engine, image: DockerImage, files: Tree) -> Tree:
    """New files as a layer for ``image``: links on the way are followed, directories keep mode and owner.

    NB: a layer says everything about a directory: one that it names gets the mode it gives, and a link in
    the image is replaced by it. So directories that are there are repeated as they are, and links are
    written through.
    """
    there: dict[str, str] = {"": ""}  # directories of ``files`` that the image has, and where they really are
    entries: dict[str, Entry] = {}
    for path in files.paths:
        entry = files.entries[path]
        parent, _, name = path.rpartition("/")
        if parent not in there:  # below a directory that is new
            entries[_moved(path, there)] = entry
            continue
        where = posixpath.join(there[parent], name)
        if entry.kind is Kind.DIRECTORY and (old := await _existing(engine, image, where)):
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
    return posixpath.join(there[parent], path[len(parent) :].lstrip("/"))


async def _repeat(engine: Engine, image: DockerImage, path: str, entries: dict[str, Entry]) -> None:
    while path and path not in entries and (found := await _existing(engine, image, path)):
        entries[path] = found[1]
        path = path.rpartition("/")[0]


async def _existing(engine: Engine, image: DockerImage, path: str) -> tuple[str, Entry] | None:
    """The directory that an image has at a path, and where it really is; None if there is nothing."""
    return await engine.flights.once(f"directory {image.id} {path}", lambda: _look(engine, image, path))


async def _look(engine: Engine, image: DockerImage, path: str) -> tuple[str, Entry] | None:
    docker = await engine.docker()
    found = await archive.stat(docker, image, f"/{path}")
    if found is None:
        return None
    if found.kind == "symlink":
        return await _existing(engine, image, found.link.strip("/"))
    if found.kind != "directory":
        raise QueryError(f"path /{path} is a {found.kind} in the image, not a directory")
    header = await _first(archive.read(docker, image, f"/{path}"))
    return path, Entry(Kind.DIRECTORY, header.mode & 0o7777, uid=header.uid, gid=header.gid)


async def _first(archived: Any) -> tarfile.TarInfo:
    """The first entry of an archive; the rest of a large directory is not wanted."""
    head = b""
    async with aclosing(archived) as chunks:
        async for chunk in chunks:
            head += chunk
            if len(head) >= HEADERS:
                break
    with tarfile.open(fileobj=io.BytesIO(head), mode="r:") as begun:
        found = begun.next()
    if found is None:
        raise QueryError("Docker gave an empty archive")
    return found
