"""Trees and files out to the host."""

import os
import shutil
from pathlib import Path

from pipeline.local.blobs import Blobs
from pipeline.local.engine.failures import QueryError
from pipeline.local.tree import Entry, Kind, Tree, refuse_other


def write_out(content: Tree | Entry, target: Path, blobs: Blobs) -> None:
    """Write a tree into a folder, beside what is there, with modes and links; or one file."""
    try:
        if isinstance(content, Entry):
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, content, blobs)
        else:
            target.mkdir(parents=True, exist_ok=True)
            _write_all(content, target.resolve(), blobs)
    except OSError as error:
        raise QueryError(f"export: {error.filename2 or error.filename or target}: {error.strerror}") from None


def _write_all(tree: Tree, root: Path, blobs: Blobs) -> None:
    for path in tree.paths:
        refuse_other(path, tree.entries[path])
    for path in tree.paths:
        _write(root / path, tree.entries[path], blobs)
    for path in reversed(tree.paths):  # modes of directories last: a read-only one would refuse its files
        if tree.entries[path].kind is Kind.DIRECTORY:
            (root / path).chmod(tree.entries[path].mode)


def _write(target: Path, entry: Entry, blobs: Blobs) -> None:
    """NB: links that were there are replaced, never written through: one may lead out of the folder."""
    if entry.kind is Kind.DIRECTORY:
        if target.is_symlink() or not target.is_dir():
            target.unlink(missing_ok=True)
            target.mkdir()
        target.chmod(entry.mode | 0o700)
        return
    if target.is_dir() and not target.is_symlink():
        raise QueryError(f"export: {target} is a directory, a {entry.kind} cannot replace it")
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    if entry.kind is Kind.SYMLINK:
        partial.symlink_to(entry.content)
    else:
        shutil.copyfile(blobs.path(entry.content), partial)
        partial.chmod(entry.mode)
    partial.replace(target)
