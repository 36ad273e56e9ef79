"""What of a tree is taken: include and exclude patterns, and .gitignore files."""

from collections.abc import Callable

from pipeline.local.blobs import Blobs
from pipeline.local.engine.gitignore import ignored
from pipeline.local.engine.globs import Filter, with_parents
from pipeline.local.tree import Kind, Tree


def filtered(tree: Tree, wanted: Filter, *, ignores: Callable[[str, bool], bool] | None = None) -> Tree:
    """What the filter takes of a tree.

    Directories stay, but with include patterns only those that match themselves or hold something taken.
    """
    hidden = _hidden(tree, ignores) if ignores else set[str]()
    taken = {path for path in tree.entries if wanted.takes(path) and path not in hidden}
    needed = {parent for path in taken for parent in with_parents(path)}
    return Tree({path: tree.entries[path] for path in tree.paths if path in needed})


def _hidden(tree: Tree, ignores: Callable[[str, bool], bool]) -> set[str]:
    hidden: set[str] = set()
    for path in tree.paths:
        parent = path.rpartition("/")[0]
        if parent in hidden or ignores(path, tree.entries[path].kind is Kind.DIRECTORY):
            hidden.add(path)
    return hidden


def gitignores(tree: Tree, blobs: Blobs) -> Callable[[str, bool], bool]:
    """The rules of the .gitignore files in a tree."""
    texts = {
        path.removesuffix(".gitignore").rstrip("/"): blobs.read(entry.content).decode("utf-8", "replace")
        for path, entry in tree.entries.items()
        if path.rpartition("/")[2] == ".gitignore" and entry.kind is Kind.FILE
    }
    return ignored(texts)
