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
from pipeline.local.tree import Entry, Kind, Tree

STAT_KINDS = {"file": Kind.FILE, "directory": Kind.DIRECTORY, "symlink": Kind.SYMLINK}


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
    name = PurePosixPath(path).name or "/"
    if (mounted := await _mounted(engine, container, path)) is not None:
        return Directory(tree=subtree(mounted[0], mounted[1]), name=name)
    source = await source_for(engine, container, path)
    tree = await tree_at(engine, source, path) if source else subtree(container.files, path)
    return Directory(tree=tree, name=name)


async def file_at(engine: Engine, container: Container, path: str) -> File:
    """The file at an absolute path."""
    name = PurePosixPath(path).name
    if (mounted := await _mounted(engine, container, path)) is not None:
        return File(name=name, entry=_file_entry(mounted[0], mounted[1]))
    pending = container.files.entries.get(path.strip("/"))
    if pending is not None and pending.kind is Kind.FILE:
        return File(name=name, entry=pending)
    source = await source_for(engine, container, path)
    entry = await entry_of_file(engine, source, path) if source else _file_entry(container.files, path)
    return File(name=name, entry=entry)


def _file_entry(tree: Tree, path: str) -> Entry:
    entry = entry_at(tree, path)
    if entry.kind is not Kind.FILE:
        raise QueryError(f"path {path} is a {entry.kind}, not a file")
    return entry


async def _mounted(engine: Engine, container: Container, path: str) -> tuple[Tree, str] | None:
    """The tree of the mount that a path lies in, and the path in it."""
    mount = container.mount_over(path)
    if mount is None:
        return None
    source = await settled(engine, mount)
    if isinstance(source, Directory):
        return source.tree, path[len(mount.target) :]
    if isinstance(source, File) and path == mount.target:
        return source.tree, source.name
    raise QueryError(f"path {path} lies in the mount at {mount.target}, which only commands can see")


async def settled(engine: Engine, mount: Mount) -> Content:
    """What a mount holds; what a command left in it is read now, once."""
    left = mount.source
    if not isinstance(left, Left):
        return left

    async def read() -> Directory | File:
        name = PurePosixPath(mount.target).name
        if left.is_file:
            return File(name=name, entry=await entry_of_file(engine, left.container, mount.target))
        return Directory(tree=await tree_at(engine, left.container, mount.target), name=name)

    return await engine.flights.once(f"left {left.container.id} {mount.target}", read)


async def source_for(engine: Engine, container: Container, path: str) -> Source | None:
    """What Docker can read a path of this container from; None if its files are all in ``files``."""
    if container.base is None:
        return None
    if container.files.entries or container.removed:
        return await files_of(engine, container)
    ended = container.base
    if isinstance(ended, Ended) and any(
        f"{path}/".startswith(f"{at}/") or f"{at}/".startswith(f"{path.rstrip('/')}/") for at in ended.targets
    ):
        # NB: Docker shows the mounts of an ended container as well; they are no part of what it left.
        return await base_image(engine, ended)
    return ended


async def looked_at(engine: Engine, container: Container, path: str, *, follow: bool) -> Stat | None:
    """What is at an absolute path; None if nothing is."""
    name = PurePosixPath(path).name or "/"
    mounted, source = await _mounted(engine, container, path), None
    if mounted is None:
        pending = container.files.entries.get(path.strip("/"))
        if pending is not None and pending.kind is not Kind.SYMLINK:
            return stat_of(name, pending)
        source = await source_for(engine, container, path)
    if source is None:
        tree, where = mounted or (container.files, path)
        found = find(tree, where, follow=follow)
        return stat_of(name, found[1]) if found else None
    connection = await engine.docker()
    there = await archive.stat(connection, source, path)
    if there is not None and there.kind == "symlink" and follow:
        try:
            there = (await followed(connection, source, path))[1]
        except QueryError:
            return None
    if there is None:
        return None
    kind = STAT_KINDS.get(there.kind)
    return Stat(
        name=name, file_type=FILE_TYPES[kind] if kind else "UNKNOWN", permissions=there.mode, size=there.size
    )


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


async def tree_at(engine: Engine, source: Source, path: str) -> Tree:
    """The directory at an absolute path."""
    return await _read(engine, source, path, Kind.DIRECTORY)


async def entry_of_file(engine: Engine, source: Source, path: str) -> Entry:
    """The file at an absolute path."""
    return next(iter((await _read(engine, source, path, Kind.FILE)).entries.values()))


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
