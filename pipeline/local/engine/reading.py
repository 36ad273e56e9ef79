"""Files out of Docker: of an image, or of what a command left."""

import asyncio

from pipeline.local import docker
from pipeline.local.engine.archive import read_tree, spooled
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError, no_such
from pipeline.local.tree import Entry, Tree

Source = docker.DockerImage | docker.Container
MOST_LINKS = 40  # as in Linux (path_resolution(7))


async def followed(connection: docker.Docker, source: Source, path: str) -> tuple[str, docker.Stat]:
    """Where an absolute path leads through links, and what is there."""
    real = path
    for _ in range(MOST_LINKS):
        found = await connection.stat(source, real)
        if found is None:
            raise no_such(path)
        if found.kind != "symlink":
            return real, found
        real = found.link
    raise QueryError(f"stat {path}: too many levels of symbolic links")


async def tree_at(engine: Engine, source: Source, path: str) -> Tree:
    """The directory at an absolute path."""
    connection = await engine.docker()
    real, found = await followed(connection, source, path)
    if found.kind != "directory":
        raise QueryError(f"path {path} is a {found.kind}, not a directory")
    with await spooled(connection.read(source, real)) as archive:
        return await asyncio.to_thread(read_tree, archive, engine.blobs, strip=real != "/")


async def entry_of_file(engine: Engine, source: Source, path: str) -> Entry:
    """The file at an absolute path."""
    connection = await engine.docker()
    real, found = await followed(connection, source, path)
    if found.kind != "file":
        raise QueryError(f"path {path} is a {found.kind}, not a file")
    with await spooled(connection.read(source, real)) as archive:
        tree = await asyncio.to_thread(read_tree, archive, engine.blobs, strip=False)
    return next(iter(tree.entries.values()))
