"""Container: new files, and files that go. They cost nothing until something needs them."""

import posixpath

from pipeline.local.engine import edits
from pipeline.local.engine.container import Container
from pipeline.local.engine.container_files import looked_at
from pipeline.local.engine.directory_edits import new_file, selected
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.operations import serves
from pipeline.local.engine.owners import owner_ids
from pipeline.local.engine.states import Directory, File
from pipeline.local.tree import Entry, Kind


def _put(container: Container, path: str, entry: Entry) -> Container:
    return container.changed(files=edits.put(container.files, path, entry))


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
    return _put(container, container.located(path, expand=expand), entry)


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
    return _put(container, posixpath.join(there, source.name) if inside else there, change(source.entry))


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
        container = _put(container, posixpath.join(there, source.name), change(source.entry))
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
    return container.changed(files=edits.graft(container.files, there, other, change))


@serves("Container.withSymlink")
def with_symlink(container: Container, *, target: str, link_name: str, expand: bool) -> Container:
    """With a symbolic link."""
    said = container.expanded(target) if expand else target
    return _put(
        container, container.located(link_name, expand=expand), Entry(Kind.SYMLINK, 0o777, content=said)
    )


@serves("Container.withRootfs")
def with_rootfs(container: Container, *, directory: Directory) -> Container:
    """With these files instead of its own; the configuration stays."""
    return container.changed(base=None, files=directory.tree, removed=frozenset())


@serves("Container.withoutFile")
def without_file(container: Container, *, path: str, expand: bool) -> Container:
    """Without a file; there being none is no error."""
    return _without(container, container.located(path, expand=expand))


@serves("Container.withoutFiles")
def without_files(container: Container, *, paths: list[str], expand: bool) -> Container:
    """Without some files."""
    for path in paths:
        container = without_file(container, path=path, expand=expand)
    return container


@serves("Container.withoutDirectory")
def without_directory(container: Container, *, path: str, expand: bool) -> Container:
    """Without a directory and what it holds; there being none is no error."""
    return _without(container, container.located(path, expand=expand))


def _without(container: Container, path: str) -> Container:
    files = edits.without(container.files, path, directories=True, files=True)
    hidden = container.removed | {path.strip("/")} if container.base is not None else frozenset()
    return container.changed(files=files, removed=hidden)
