"""Directory and Changeset: looking at them, and writing them to the host. (looking.py finds what lies in
them, file_edits.py changes them.)"""

import asyncio
from pathlib import Path

from pipeline.local.engine.edits import children, shown, subtree
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.export import export_tree
from pipeline.local.engine.file_edits import diff
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import Changeset, Directory
from pipeline.local.patterns import cleaned, whole
from pipeline.local.tree import Kind, Tree


@serves("Query.directory")
def directory() -> Directory:
    """An empty directory."""
    return Directory()


@serves("Directory.digest")
def digest(directory: Directory) -> str:
    """sha256 over paths, modes, owners and contents."""
    return directory.tree.digest


@serves("Directory.entries")
def entries(directory: Directory, *, path: str | None = None) -> list[str]:
    """Names at a path; those of directories end in "/"."""
    return children(subtree(directory.tree, path or ""))


@serves("Directory.glob")
def glob(directory: Directory, *, pattern: str) -> list[str]:
    """Every path that the whole pattern matches."""
    return [shown(directory.tree, path) for path in filter(whole(cleaned(pattern)), directory.tree.paths)]


@serves("Directory.export")
async def export(directory: Directory, *, engine: Engine, path: str) -> str:
    """Write it to a folder of the host; gives the folder's path."""
    target = Path.cwd() / path
    await asyncio.to_thread(export_tree, directory.tree, target, engine.blobs)
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
    added = diff(changes.before, other=changes.after).tree
    await asyncio.to_thread(export_tree, added, target, engine.blobs)
    gone = changes.before.tree.entries.keys() - changes.after.tree.entries.keys()
    await asyncio.to_thread(_remove, target.resolve(), sorted(gone, reverse=True))
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
