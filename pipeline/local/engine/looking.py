"""What lies in a Directory or a Container."""

import asyncio
import posixpath

from pipeline.local.docker import archive
from pipeline.local.docker.archive import Source
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Container as Ended
from pipeline.local.docker.model import DirectoryMount, FileMount
from pipeline.local.docker.model import Stat as Found
from pipeline.local.engine.container import Container, LeftMount, Mount, Place
from pipeline.local.engine.edits import MOST_LINKS, find, subtree, there
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
    return await directory(container, engine=engine, path="/")


@serves("Directory.directory", "Container.directory")
async def directory(place: Place, *, engine: Engine, path: str) -> Directory:
    """The directory at a path."""
    source, where = await _source(engine, place, path, whole=True)
    if isinstance(source, Tree):
        tree = subtree(source, where)
    else:
        tree = await _read(engine, source, where, Kind.DIRECTORY)
    return Directory(tree=tree, name=_name(place, path))


@serves("Directory.file", "Container.file")
async def file(place: Place, *, engine: Engine, path: str) -> File:
    """The file at a path; links are followed."""
    source, where = await _source(engine, place, path)
    if isinstance(source, Tree):
        entry = there(source, where)[1]
        if entry.kind is not Kind.FILE:
            raise QueryError(f"path {path} is a {entry.kind}, not a file")
    else:
        [entry] = (await _read(engine, source, where, Kind.FILE)).entries.values()
    return File(name=_name(place, path), entry=entry)


@serves("Directory.stat", "Container.stat")
async def stat(place: Place, *, engine: Engine, path: str, do_not_follow_symlinks: bool) -> Stat:
    """What is at a path."""
    found = await looked_at(engine, place, path, follow=not do_not_follow_symlinks)
    if found is None:
        raise no_such(path)
    return found


@serves("Directory.exists", "Container.exists")
async def exists(
    place: Place, *, engine: Engine, path: str, expected_type: str | None = None, do_not_follow_symlinks: bool
) -> bool:
    """Is there something at a path, of this type if one is given."""
    follow = not do_not_follow_symlinks and expected_type != "SYMLINK_TYPE"
    found = await looked_at(engine, place, path, follow=follow)
    return found is not None and expected_type in {None, f"{found.file_type}_TYPE"}


async def looked_at(engine: Engine, place: Place, path: str, *, follow: bool) -> Stat | None:
    """What is at a path; None if nothing is."""
    source, where = await _source(engine, place, path)
    if isinstance(source, Tree):
        found = find(source, where, follow=follow)
        return stat_of(_name(place, path), found[1]) if found else None
    docker = await engine.docker()
    try:
        _, seen = await followed(docker, source, where, follow=follow)
    except QueryError:
        return None
    kind = FILE_TYPES[seen.kind]
    return Stat(name=_name(place, path), file_type=kind, permissions=seen.mode, size=seen.size)


def _name(place: Place, path: str) -> str:
    return posixpath.basename(posixpath.normpath(f"/{place.located(path)}")) or "/"


async def _source(
    engine: Engine, place: Place, path: str, *, whole: bool = False
) -> tuple[Tree | Source, str]:
    """Where to look for a path (``whole``: and all below): a tree and a path in it, or Docker."""
    if isinstance(place, Directory):
        return place.tree, path
    path = place.located(path)
    if mount := place.mount_over(path):
        content = await settled(engine, mount)
        if isinstance(content, DirectoryMount):
            return content.tree, path[len(mount.target) :]
        if isinstance(content, FileMount) and path == mount.target:
            return Tree({"file": content.entry}), "file"
        raise QueryError(f"path {path} lies in the mount at {mount.target}, which only commands can see")
    pending = place.files.entries.get(path.strip("/"))
    if pending is not None and pending.kind is not Kind.SYMLINK and not whole:
        return place.files, path
    return await _below(engine, place, path) or place.files, path


async def _below(engine: Engine, container: Container, path: str) -> Source | None:
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


async def settled(engine: Engine, mount: Mount) -> Mount:
    """The mount; what a command left in it is read now, once."""
    if not isinstance(mount, LeftMount):
        return mount

    async def read() -> Mount:
        tree = await _read(engine, mount.container, mount.target, mount.kind)
        if mount.kind is Kind.DIRECTORY:
            return DirectoryMount(target=mount.target, tree=tree)
        return FileMount(target=mount.target, entry=tree.entries[tree.paths[0]])

    return await engine.flights.once(f"left {mount.container.id} {mount.target}", read)


async def followed(docker: Docker, source: Source, path: str, *, follow: bool = True) -> tuple[str, Found]:
    """Where an absolute path leads, through links if ``follow``, and what is there."""
    real = path
    for _ in range(MOST_LINKS):
        found = await archive.stat(docker, source, real)
        if found is None:
            raise no_such(path)
        if found.kind != "symlink" or not follow:
            return real, found
        real = found.link
    raise QueryError(f"stat {path}: too many levels of symbolic links")


async def _read(engine: Engine, source: Source, path: str, kind: Kind) -> Tree:
    """The directory at an absolute path, or the file there as the only one in a tree."""
    docker = await engine.docker()
    real, found = await followed(docker, source, path)
    if found.kind != kind:
        raise QueryError(f"path {path} is a {found.kind}, not a {kind}")
    prefix = f"{posixpath.basename(posixpath.normpath(real))}/" if kind is Kind.DIRECTORY else ""
    with await spooled(archive.read(docker, source, real)) as tar:
        return await asyncio.to_thread(read_tree, tar, engine.blobs, prefix=prefix)


async def owner_ids(engine: Engine, place: Place, owner: str) -> str:
    """``USER[:GROUP]``, by name or number, as ``UID:GID``; names are those of a container's own /etc.

    "" stays "". A user's own group counts if none is given.
    """
    if not owner or owner.replace(":", "", 1).isdigit() or isinstance(place, Directory):
        return owner
    user, _, group = owner.partition(":")
    uid, own = (user, user) if user.isdigit() else await _ids(engine, place, "/etc/passwd", user)
    if not group:
        return f"{uid}:{own}"
    gid = group if group.isdigit() else (await _ids(engine, place, "/etc/group", group))[0]
    return f"{uid}:{gid}"


async def _ids(engine: Engine, container: Container, path: str, name: str) -> tuple[str, str]:
    """The number of a name, and the one after it (of a user: the group)."""
    entry = (await file(container, engine=engine, path=path)).entry
    for line in engine.blobs.read(entry.content).decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 3:
            return fields[2], fields[3]
    raise QueryError(f"owner: {path} of the container has no {name!r}")
