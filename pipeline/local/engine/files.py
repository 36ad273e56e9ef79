"""Directory, File and Changeset: what they are, and writing them to the host.

(looking.py finds what lies in a directory, file_edits.py changes it.)
"""

import asyncio
from pathlib import Path

from pipeline.local.engine.edits import children, shown, subtree
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.export import write_out
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.file_edits import new_file
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import Changeset, Directory, File
from pipeline.local.patterns import cleaned, filtered, whole
from pipeline.local.tree import Kind, Tree


@serves("Query.directory")
def empty_directory() -> Directory:
    """An empty directory."""
    return Directory()


@serves("Query.file")
def text_file(*, engine: Engine, name: str, contents: str, permissions: int) -> File:
    """A file of this text."""
    if "/" in name:
        raise QueryError(f"file name {name!r} has a slash: it is a name, not a path")
    return File(name=name, entry=new_file(engine, contents, permissions))


@serves("Directory.digest", "File.digest")
def digest(files: Directory | File) -> str:
    """sha256 over paths, modes, owners and contents."""
    return files.tree.digest


@serves("File.contents")
def contents(file: File, *, engine: Engine) -> str:
    """Its text."""
    return engine.blobs.read(file.entry.content).decode("utf-8", "replace")


@serves("Directory.entries")
def entries(directory: Directory, *, path: str | None = None) -> list[str]:
    """Names at a path; those of directories end in "/"."""
    return children(subtree(directory.tree, path or ""))


@serves("Directory.glob")
def glob(directory: Directory, *, pattern: str) -> list[str]:
    """Every path that the whole pattern matches."""
    return [shown(directory.tree, path) for path in filter(whole(cleaned(pattern)), directory.tree.paths)]


@serves("Directory.export", "File.export")
async def export(files: Directory | File, *, engine: Engine, path: str) -> str:
    """Write it to the host, a directory beside what is there, a file instead of it; gives the path."""
    target = Path.cwd() / path
    content = files.tree if isinstance(files, Directory) else files.entry
    await asyncio.to_thread(write_out, content, target, engine.blobs)
    return str(target)


def _only(first: Tree, second: Tree) -> list[str]:
    return sorted(shown(first, path) for path in first.entries.keys() - second.entries.keys())


@serves("Changeset.addedPaths")
def added_paths(changes: Changeset) -> list[str]:
    """What is new."""
    return _only(changes.after.tree, changes.before.tree)


@serves("Changeset.removedPaths")
def removed_paths(changes: Changeset) -> list[str]:
    """What is gone."""
    return _only(changes.before.tree, changes.after.tree)


@serves("Changeset.modifiedPaths")
def modified_paths(changes: Changeset) -> list[str]:
    """Files whose content, mode or owner changed."""
    before, after = changes.before.tree.entries, changes.after.tree.entries
    both = before.keys() & after.keys()
    return sorted(
        path for path in both if before[path] != after[path] and after[path].kind is not Kind.DIRECTORY
    )


@serves("Changeset.isEmpty")
def is_empty(changes: Changeset) -> bool:
    """Is there no difference."""
    return changes.before.tree.digest == changes.after.tree.digest


@serves("Changeset.export")
async def export_changes(changes: Changeset, *, engine: Engine, path: str) -> str:
    """Make the changes in a folder of the host; gives the folder's path."""
    target = Path.cwd() / path
    before, after = changes.before.tree.entries, changes.after.tree.entries
    new = filtered(changes.after.tree, lambda path: before.get(path) != after[path])
    await asyncio.to_thread(write_out, new, target, engine.blobs)
    gone = sorted(before.keys() - after.keys(), reverse=True)
    await asyncio.to_thread(_remove, target.resolve(), gone)
    return str(target)


def _remove(root: Path, names: list[str]) -> None:
    """NB: what lies beyond a link is not ours, and a directory may hold what the changes know nothing of."""
    for path in (root / name for name in names):
        if path.parent.resolve() != path.parent:
            continue
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
        elif not any(path.iterdir()):
            path.rmdir()
