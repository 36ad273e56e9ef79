"""Changes of files, in a Directory and in a Container alike: each gives a new one."""

import posixpath
from collections.abc import Callable
from dataclasses import replace

from pipeline.local.docker.model import DirectoryMount
from pipeline.local.engine import edits
from pipeline.local.engine.container import Place
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.looking import looked_at, owner_ids, settled
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import Changeset, Directory, File
from pipeline.local.patterns import Filter, cleaned, filtered
from pipeline.local.tree import Entry, Kind, Tree


async def _edited(engine: Engine, place: Place, path: str, edit: Callable[[Tree, str], Tree]) -> Place:
    """With an edit of the tree that a path lies in: of a container, its new files or a mount."""
    if isinstance(place, Directory):
        return replace(place, tree=edit(place.tree, path))
    path = place.located(path)
    mount = place.mount_over(path)
    if mount is None:
        return place.changed(files=edit(place.files, path))
    source = await settled(engine, mount)
    if not isinstance(source, DirectoryMount):
        raise QueryError(f"path {path} lies in the mount at {mount.target}, which only commands can change")
    return place.mounted(replace(source, tree=edit(source.tree, path[len(mount.target) :])))


async def _put(engine: Engine, place: Place, path: str, entry: Entry) -> Place:
    return await _edited(engine, place, path, lambda tree, where: edits.put(tree, where, entry))


async def _is_directory(engine: Engine, place: Place, path: str) -> bool:
    found = await looked_at(engine, place, path, follow=True)
    return found is not None and found.file_type == "DIRECTORY"


def new_file(engine: Engine, contents: str, permissions: int) -> Entry:
    """The entry of a file with this text."""
    data = contents.encode("utf-8", "surrogateescape")
    return Entry(Kind.FILE, permissions & 0o7777, size=len(data), content=engine.blobs.add_bytes(data))


@serves("Directory.withNewFile", "Container.withNewFile")
async def with_new_file(
    place: Place, *, engine: Engine, path: str, contents: str, permissions: int, owner: str = ""
) -> Place:
    """With a file of this text."""
    change = edits.stamp(await owner_ids(engine, place, owner))
    return await _put(engine, place, path, change(new_file(engine, contents, permissions)))


@serves("Directory.withFile", "Container.withFile")
async def with_file(
    place: Place, *, engine: Engine, path: str, source: File, permissions: int | None = None, owner: str = ""
) -> Place:
    """With a copy of a file, at a path or in the directory that is there."""
    change = edits.stamp(await owner_ids(engine, place, owner), permissions)
    if path.endswith("/") or await _is_directory(engine, place, path):
        path = posixpath.join(path, source.name)
    return await _put(engine, place, path, change(source.entry))


@serves("Directory.withDirectory", "Container.withDirectory")
async def with_directory(
    place: Place,
    *,
    engine: Engine,
    path: str,
    source: Directory,
    exclude: list[str],
    include: list[str],
    owner: str,
    permissions: int | None = None,
) -> Place:
    """With what the patterns take of a directory, laid over what is at a path."""
    other = filter_(source, exclude=exclude, include=include).tree
    change = edits.stamp(await owner_ids(engine, place, owner), permissions)
    return await _edited(engine, place, path, lambda tree, where: edits.graft(tree, where, other, change))


@serves("Directory.withNewDirectory")
async def with_new_directory(directory: Directory, *, engine: Engine, path: str, permissions: int) -> Place:
    """With an empty directory, if there is none yet."""
    if await _is_directory(engine, directory, path):
        return directory
    return await _put(engine, directory, path, Entry(Kind.DIRECTORY, permissions & 0o7777))


@serves("Directory.withSymlink", "Container.withSymlink")
async def with_symlink(place: Place, *, engine: Engine, target: str, link_name: str) -> Place:
    """With a symbolic link."""
    return await _put(engine, place, link_name, Entry(Kind.SYMLINK, 0o777, content=target))


@serves("Directory.withoutFile", "Container.withoutFile")
@serves("Directory.withoutDirectory", "Container.withoutDirectory")
async def without(place: Place, *, engine: Engine, path: str) -> Place:
    """Without what is at a path, or matches it as a pattern; there being nothing is no error."""
    less = await _edited(engine, place, path, edits.without)
    if isinstance(less, Directory) or less.base is None or less.mount_over(less.located(path)):
        return less
    return less.changed(removed=less.removed | {less.located(path).strip("/")})


@serves("Directory.filter")
def filter_(directory: Directory, *, exclude: list[str], include: list[str]) -> Directory:
    """What the patterns take."""
    if not include and not exclude:
        return directory
    wanted = Filter(tuple(map(cleaned, include)), tuple(map(cleaned, exclude)))
    return replace(directory, tree=filtered(directory.tree, wanted.takes))


@serves("Directory.changes")
def changes(directory: Directory, *, from_: Directory) -> Changeset:
    """What makes this directory of another one."""
    return Changeset(before=from_, after=directory)
