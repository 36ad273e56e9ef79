"""Directory: changing it. Each change gives a new one."""

from dataclasses import replace

from pipeline.local.engine import edits
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.filters import filtered, gitignores
from pipeline.local.engine.globs import Filter
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import Changeset, Directory, File
from pipeline.local.tree import Entry, Kind, Tree


def new_file(engine: Engine, contents: str, permissions: int) -> Entry:
    """The entry of a file with this text."""
    data = contents.encode("utf-8", "surrogateescape")
    return Entry(Kind.FILE, permissions & 0o7777, size=len(data), content=engine.blobs.add_bytes(data))


def selected(
    engine: Engine, source: Directory, include: list[str], exclude: list[str], *, gitignore: bool
) -> Tree:
    """What the patterns take of a directory."""
    if not include and not exclude and not gitignore:
        return source.tree
    ignores = gitignores(source.tree, engine.blobs) if gitignore else None
    return filtered(source.tree, Filter(tuple(include), tuple(exclude)), ignores=ignores)


def _with(directory: Directory, tree: Tree) -> Directory:
    return replace(directory, tree=tree)


@serves("Directory.withNewFile")
def with_new_file(
    directory: Directory, *, engine: Engine, path: str, contents: str, permissions: int
) -> Directory:
    """With a file of this text."""
    return _with(directory, edits.put(directory.tree, path, new_file(engine, contents, permissions)))


@serves("Directory.withFile")
def with_file(
    directory: Directory, *, path: str, source: File, permissions: int | None = None, owner: str
) -> Directory:
    """With a copy of a file, at a path or in the directory that is there."""
    entry = edits.chain(edits.owned(owner), edits.moded(permissions))(source.entry)
    return _with(directory, edits.put(directory.tree, into(directory.tree, path, source.name), entry))


@serves("Directory.withFiles")
def with_files(
    directory: Directory, *, path: str, sources: list[File], permissions: int | None = None
) -> Directory:
    """With copies of files, under their names in a directory."""
    tree = directory.tree
    for source in sources:
        tree = edits.put(tree, f"{path}/{source.name}", edits.moded(permissions)(source.entry))
    return _with(directory, tree)


def into(tree: Tree, path: str, name: str) -> str:
    """Where a copied file goes: below ``path`` if that is a directory (or ends in "/"), else to it."""
    found = edits.find(tree, path)
    inside = path.endswith("/") or (found is not None and found[1].kind is Kind.DIRECTORY)
    return f"{path}/{name}" if inside else path


@serves("Directory.withDirectory")
def with_directory(
    directory: Directory,
    *,
    engine: Engine,
    path: str,
    source: Directory,
    exclude: list[str],
    include: list[str],
    gitignore: bool,
    owner: str,
    permissions: int | None = None,
) -> Directory:
    """With what the patterns take of another directory, laid over what is at a path."""
    other = selected(engine, source, include, exclude, gitignore=gitignore)
    change = edits.chain(edits.owned(owner), edits.moded(permissions))
    return _with(directory, edits.graft(directory.tree, path, other, change))


@serves("Directory.withNewDirectory")
def with_new_directory(directory: Directory, *, path: str, permissions: int) -> Directory:
    """With an empty directory, if there is none yet."""
    found = edits.find(directory.tree, path)
    if found and found[1].kind is Kind.DIRECTORY:
        return directory
    return _with(directory, edits.put(directory.tree, path, Entry(Kind.DIRECTORY, permissions & 0o7777)))


@serves("Directory.withSymlink")
def with_symlink(directory: Directory, *, target: str, link_name: str) -> Directory:
    """With a symbolic link."""
    return _with(directory, edits.put(directory.tree, link_name, Entry(Kind.SYMLINK, 0o777, content=target)))


@serves("Directory.withoutFile")
def without_file(directory: Directory, *, path: str) -> Directory:
    """Without a file; there being none is no error."""
    return _with(directory, edits.without(directory.tree, path, directories=False, files=True))


@serves("Directory.withoutFiles")
def without_files(directory: Directory, *, paths: list[str]) -> Directory:
    """Without some files."""
    for path in paths:
        directory = without_file(directory, path=path)
    return directory


@serves("Directory.withoutDirectory")
def without_directory(directory: Directory, *, path: str) -> Directory:
    """Without a directory and what it holds; there being none is no error."""
    return _with(directory, edits.without(directory.tree, path, directories=True, files=False))


@serves("Directory.filter")
def filter_(
    directory: Directory, *, engine: Engine, exclude: list[str], include: list[str], gitignore: bool
) -> Directory:
    """What the patterns take."""
    return _with(directory, selected(engine, directory, include, exclude, gitignore=gitignore))


@serves("Directory.chown")
def chown(directory: Directory, *, path: str, owner: str) -> Directory:
    """With a path and all below it given to UID or UID:GID."""
    change, where = edits.owned(owner), edits.located(path)
    edits.entry_at(directory.tree, path)
    below = {
        name: change(entry) if not where or name == where or name.startswith(f"{where}/") else entry
        for name, entry in directory.tree.entries.items()
    }
    return _with(directory, Tree(below))


@serves("Directory.withError")
def with_error(directory: Directory, *, err: str) -> Directory:
    """A failure with this message, unless it is empty."""
    if err:
        raise QueryError(err)
    return directory


@serves("Directory.diff")
def diff(directory: Directory, *, other: Directory) -> Directory:
    """What ``other`` has new or changed."""
    return Directory(tree=added_or_changed(directory.tree, other.tree))


def added_or_changed(before: Tree, after: Tree) -> Tree:
    """The entries of ``after`` that ``before`` lacks or has otherwise, and the directories on their way."""
    new = {path for path, entry in after.entries.items() if before.entries.get(path) != entry}
    needed = {parent for path in new for parent in edits.upwards(path)}
    return Tree({path: after.entries[path] for path in after.paths if path in needed})


@serves("Directory.changes")
def changes(directory: Directory, *, from_: Directory) -> Changeset:
    """What makes this directory of another one."""
    return Changeset(before=from_, after=directory)


@serves("Directory.withChanges")
def with_changes(directory: Directory, *, changes: Changeset) -> Directory:
    """With additions, changes and removals made here as well."""
    before, after = changes.before.tree, changes.after.tree
    tree = directory.tree
    for path in before.entries.keys() - after.entries.keys():
        tree = edits.without(tree, path, directories=True, files=True)
    return _with(directory, edits.graft(tree, "", added_or_changed(before, after)))
