"""Container: new files, and files that go. They cost nothing until something needs them."""

import posixpath
from collections.abc import Callable
from dataclasses import replace

from pipeline.local.engine import edits
from pipeline.local.engine.container import Container
from pipeline.local.engine.container_files import looked_at, settled
from pipeline.local.engine.directory_edits import new_file, selected
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.operations import serves
from pipeline.local.engine.owners import owner_ids
from pipeline.local.engine.states import Directory, File
from pipeline.local.tree import Entry, Kind, Tree


async def _edited(
    engine: Engine, container: Container, path: str, change: Callable[[Tree, str], Tree]
) -> Container:
    """The container with a change to the tree that a path lies in: its own files, or a mount."""
    mount = container.mount_over(path)
    if mount is None:
        return container.changed(files=change(container.files, path))
    source = await settled(engine, mount)
    if not isinstance(source, Directory):
        raise QueryError(f"path {path} lies in the mount at {mount.target}, which only commands can change")
    changed = replace(source, tree=change(source.tree, path[len(mount.target) :]))
    others = tuple(item for item in container.mounts if item is not mount)
    return container.changed(mounts=(*others, replace(mount, source=changed)))


async def _put(engine: Engine, container: Container, path: str, entry: Entry) -> Container:
    return await _edited(engine, container, path, lambda tree, there: edits.put(tree, there, entry))


@serves("Container.withNewFile")
async def with_new_file(
    container: Container,
    *,
    engine: Engine,
    path: str,
    contents: str,
    permissions: int,
    owner: str,
    expand: bool,
) -> Container:
    """With a file of this text."""
    ids = await owner_ids(engine, container, owner)
    entry = edits.owned(ids)(new_file(engine, contents, permissions))
    return await _put(engine, container, container.located(path, expand=expand), entry)


@serves("Container.withFile")
async def with_file(
    container: Container,
    *,
    engine: Engine,
    path: str,
    source: File,
    permissions: int | None = None,
    owner: str,
    expand: bool,
) -> Container:
    """With a copy of a file, at a path or in the directory that is there."""
    there = container.located(path, expand=expand)
    found = None if path.endswith("/") else await looked_at(engine, container, there, follow=True)
    inside = path.endswith("/") or (found is not None and found.file_type == "DIRECTORY")
    change = edits.chain(edits.owned(await owner_ids(engine, container, owner)), edits.moded(permissions))
    return await _put(
        engine, container, posixpath.join(there, source.name) if inside else there, change(source.entry)
    )


@serves("Container.withFiles")
async def with_files(
    container: Container,
    *,
    engine: Engine,
    path: str,
    sources: list[File],
    permissions: int | None = None,
    owner: str,
    expand: bool,
) -> Container:
    """With copies of files, under their names in a directory."""
    there = container.located(path, expand=expand)
    change = edits.chain(edits.owned(await owner_ids(engine, container, owner)), edits.moded(permissions))
    for source in sources:
        container = await _put(engine, container, posixpath.join(there, source.name), change(source.entry))
    return container


@serves("Container.withDirectory")
async def with_directory(
    container: Container,
    *,
    engine: Engine,
    path: str,
    source: Directory,
    exclude: list[str],
    include: list[str],
    gitignore: bool,
    owner: str,
    expand: bool,
    permissions: int | None = None,
) -> Container:
    """With what the patterns take of a directory, laid over what is at a path."""
    other = selected(engine, source, include, exclude, gitignore=gitignore)
    change = edits.chain(edits.owned(await owner_ids(engine, container, owner)), edits.moded(permissions))
    there = container.located(path, expand=expand)
    return await _edited(
        engine, container, there, lambda tree, where: edits.graft(tree, where, other, change)
    )


@serves("Container.withSymlink")
async def with_symlink(
    container: Container, *, engine: Engine, target: str, link_name: str, expand: bool
) -> Container:
    """With a symbolic link."""
    said = container.expanded(target) if expand else target
    entry = Entry(Kind.SYMLINK, 0o777, content=said)
    return await _put(engine, container, container.located(link_name, expand=expand), entry)


@serves("Container.withRootfs")
def with_rootfs(container: Container, *, directory: Directory) -> Container:
    """With these files instead of its own; the configuration stays."""
    return container.changed(base=None, files=directory.tree, removed=frozenset())


@serves("Container.withoutFile")
async def without_file(container: Container, *, engine: Engine, path: str, expand: bool) -> Container:
    """Without a file; there being none is no error."""
    return await _without(engine, container, container.located(path, expand=expand))


@serves("Container.withoutFiles")
async def without_files(container: Container, *, engine: Engine, paths: list[str], expand: bool) -> Container:
    """Without some files."""
    for path in paths:
        container = await without_file(container, engine=engine, path=path, expand=expand)
    return container


@serves("Container.withoutDirectory")
async def without_directory(container: Container, *, engine: Engine, path: str, expand: bool) -> Container:
    """Without a directory and what it holds; there being none is no error."""
    return await _without(engine, container, container.located(path, expand=expand))


async def _without(engine: Engine, container: Container, path: str) -> Container:
    less = await _edited(
        engine,
        container,
        path,
        lambda tree, there: edits.without(tree, there, directories=True, files=True),
    )
    if container.base is None or container.mount_over(path):
        return less
    return less.changed(removed=container.removed | {path.strip("/")})
