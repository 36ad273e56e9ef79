"""Container: what lies in it."""

import asyncio
from pathlib import PurePosixPath

from pipeline.local.docker import archive
from pipeline.local.docker.archive import Source
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Container as Ended
from pipeline.local.docker.model import Stat as Found
from pipeline.local.engine.container import Container, Content, Left, Mount
from pipeline.local.engine.edits import MOST_LINKS, entry_at, find, subtree
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError, no_such
from pipeline.local.engine.materialise import base_image, files_of
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import FILE_TYPES, Directory, File, Stat, stat_of
from pipeline.local.tar import read_tree, spooled
from pipeline.local.tree import Kind, Tree


@serves("Container.rootfs")
async def rootfs(container: Container, *, engine: Engine) -> Directory:
    """All of its files."""
    return await directory_at(engine, container, "/")


@serves("Container.directory")
async def directory(container: Container, *, engine: Engine, path: str, expand: bool) -> Directory:
    """The directory at a path."""
    return await directory_at(engine, container, container.located(path, expand=expand))


@serves("Container.file")
async def file(container: Container, *, engine: Engine, path: str, expand: bool) -> File:
    """The file at a path; links are followed."""
    return await file_at(engine, container, container.located(path, expand=expand))


async def directory_at(engine: Engine, container: Container, path: str) -> Directory:
    """The directory at an absolute path."""
    place, where = await _place(engine, container, path, whole=True)
    if isinstance(place, Tree):
        tree = subtree(place, where)
    else:
        tree = await _read(engine, place, path, Kind.DIRECTORY)
    return Directory(tree=tree, name=PurePosixPath(path).name or "/")


async def file_at(engine: Engine, container: Container, path: str) -> File:
    """The file at an absolute path."""
    place, where = await _place(engine, container, path)
    if isinstance(place, Tree):
        entry = entry_at(place, where)
        if entry.kind is not Kind.FILE:
            raise QueryError(f"path {path} is a {entry.kind}, not a file")
    else:
        [entry] = (await _read(engine, place, path, Kind.FILE)).entries.values()
    return File(name=PurePosixPath(path).name, entry=entry)


async def looked_at(engine: Engine, container: Container, path: str, *, follow: bool) -> Stat | None:
    """What is at an absolute path; None if nothing is."""
    name = PurePosixPath(path).name or "/"
    place, where = await _place(engine, container, path)
    if isinstance(place, Tree):
        found = find(place, where, follow=follow)
        return stat_of(name, found[1]) if found else None
    docker = await engine.docker()
    there = await archive.stat(docker, place, path)
    if there is not None and there.kind == "symlink" and follow:
        try:
            there = (await followed(docker, place, path))[1]
        except QueryError:
            return None
    if there is None:
        return None
    kind = FILE_TYPES[Kind(there.kind)] if there.kind != "other" else "UNKNOWN"
    return Stat(name=name, file_type=kind, permissions=there.mode, size=there.size)


async def _place(
    engine: Engine, container: Container, path: str, *, whole: bool = False
) -> tuple[Tree | Source, str]:
    """Where to look for an absolute path (``whole``: and all below): a tree and a path in it, or Docker."""
    if mount := container.mount_over(path):
        content = await settled(engine, mount)
        if isinstance(content, Directory):
            return content.tree, path[len(mount.target) :]
        if isinstance(content, File) and path == mount.target:
            return content.tree, content.name
        raise QueryError(f"path {path} lies in the mount at {mount.target}, which only commands can see")
    pending = container.files.entries.get(path.strip("/"))
    if pending is not None and pending.kind is not Kind.SYMLINK and not whole:
        return container.files, path
    return await _source(engine, container, path) or container.files, path


async def _source(engine: Engine, container: Container, path: str) -> Source | None:
    """What Docker can read a path of this container from; None if its files are all in ``files``."""
    ended = container.base
    if ended is None:
        return None
    if container.files.entries or container.removed:
        return await files_of(engine, container)
    if isinstance(ended, Ended) and any(
        f"{path}/".startswith(f"{at}/") or f"{at}/".startswith(f"{path.rstrip('/')}/") for at in ended.targets
    ):
        # NB: Docker shows the mounts of an ended container as well; they are no part of what it left.
        return await base_image(engine, ended)
    return ended


async def settled(engine: Engine, mount: Mount) -> Content:
    """What a mount holds; what a command left in it is read now, once."""
    left = mount.source
    if not isinstance(left, Left):
        return left

    async def read() -> Directory | File:
        name, kind = PurePosixPath(mount.target).name, Kind.FILE if left.is_file else Kind.DIRECTORY
        tree = await _read(engine, left.container, mount.target, kind)
        if left.is_file:
            return File(name=name, entry=tree.entries[tree.paths[0]])
        return Directory(tree=tree, name=name)

    return await engine.flights.once(f"left {left.container.id} {mount.target}", read)


@serves("Container.stat")
async def stat(container: Container, *, engine: Engine, path: str, do_not_follow_symlinks: bool) -> Stat:
    """What is at a path."""
    there = container.located(path)
    found = await looked_at(engine, container, there, follow=not do_not_follow_symlinks)
    if found is None:
        raise no_such(path)
    return found


@serves("Container.exists")
async def exists(
    container: Container,
    *,
    engine: Engine,
    path: str,
    expected_type: str | None = None,
    do_not_follow_symlinks: bool,
    expand: bool,
) -> bool:
    """Is there something at a path, of this type if one is given."""
    follow = not do_not_follow_symlinks and expected_type != "SYMLINK_TYPE"
    found = await looked_at(engine, container, container.located(path, expand=expand), follow=follow)
    return found is not None and expected_type in {None, f"{found.file_type}_TYPE"}


async def followed(docker: Docker, source: Source, path: str) -> tuple[str, Found]:
    """Where an absolute path leads through links, and what is there."""
    real = path
    for _ in range(MOST_LINKS):
        found = await archive.stat(docker, source, real)
        if found is None:
            raise no_such(path)
        if found.kind != "symlink":
            return real, found
        real = found.link
    raise QueryError(f"stat {path}: too many levels of symbolic links")


async def _read(engine: Engine, source: Source, path: str, kind: Kind) -> Tree:
    """The directory at an absolute path, or the file there as the only one in a tree."""
    docker = await engine.docker()
    real, found = await followed(docker, source, path)
    if found.kind != kind:
        raise QueryError(f"path {path} is a {found.kind}, not a {kind}")
    strip = kind is Kind.DIRECTORY and real != "/"
    with await spooled(archive.read(docker, source, real)) as tar:
        return await asyncio.to_thread(read_tree, tar, engine.blobs, strip=strip)


async def owner_ids(engine: Engine, container: Container, owner: str) -> str:
    """``USER[:GROUP]``, by name or number, as ``UID:GID``; names are those of the container's own /etc.

    "" stays "". A user's own group counts if none is given.
    """
    if not owner or owner.replace(":", "", 1).isdigit():
        return owner
    user, _, group = owner.partition(":")
    uid, own = (user, user) if user.isdigit() else await _ids(engine, container, "/etc/passwd", user)
    if not group:
        return f"{uid}:{own}"
    gid = group if group.isdigit() else (await _ids(engine, container, "/etc/group", group))[0]
    return f"{uid}:{gid}"


async def _ids(engine: Engine, container: Container, path: str, name: str) -> tuple[str, str]:
    """The number of a name, and the one after it (of a user: the group)."""
    entry = (await file_at(engine, container, path)).entry
    for line in engine.blobs.read(entry.content).decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 3:
            return fields[2], fields[3]
    raise QueryError(f"owner: {path} of the container has no {name!r}")
