"""A folder of the host as a tree: taken at one moment, contents kept."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.local.blobs import Blobs
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.seen import Seen, trusted_devices
from pipeline.local.patterns import Filter, filtered
from pipeline.local.tree import Entry, Kind, Tree

Take = Callable[[Path, os.stat_result], Entry]


def walked(root: Path, wanted: Filter, take: Take) -> Tree:
    """What the filter takes of a folder; ``take`` makes an entry of a file. Owner is root's, as in a build
    context."""
    return filtered(Tree(dict(_below(root, "", wanted, take))), wanted.takes)


def _below(folder: Path, prefix: str, wanted: Filter, take: Take) -> Iterator[tuple[str, Entry]]:
    try:
        items = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as error:
        raise _refused(folder, error) from None
    for item in items:
        path = f"{prefix}{item.name}"
        if item.is_dir(follow_symlinks=False):
            if wanted.enters(path):
                yield path, Entry(Kind.DIRECTORY, stat.S_IMODE(item.stat(follow_symlinks=False).st_mode))
                yield from _below(Path(item.path), f"{path}/", wanted, take)
        elif wanted.takes(path):
            yield path, entry_of(Path(item.path), take)


def entry_of(path: Path, take: Take) -> Entry:
    """The entry for a file or a link of the host."""
    try:
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            raise QueryError(f"path {path} is a directory, not a file")
        if stat.S_ISLNK(found.st_mode):
            return Entry(Kind.SYMLINK, 0o777, content=str(path.readlink()))
        if stat.S_ISREG(found.st_mode):
            return take(path, found)
    except OSError as error:
        raise _refused(path, error) from None
    raise QueryError(f"{path} is a socket, pipe or device: exclude it")


def _refused(path: Path, error: OSError) -> QueryError:
    return QueryError(f"{path}: {str(error.strerror).lower()}")


def taker(blobs: Blobs, seen: Seen) -> Take:
    """Copies each file, and reads those whose content is not known.

    NB: what is taken is the state of one moment: who edits while a run builds neither changes nor breaks it.
    """
    trusted = trusted_devices()

    def take(path: Path, found: os.stat_result) -> Entry:
        sha, size = seen.content(path, found), found.st_size
        if not sha or not blobs.add_known(sha, path, found):
            began = time.time()
            sha = blobs.add_file(path)
            size = blobs.path(sha).stat().st_size  # NB: the file may have grown since it was looked at
            if found.st_dev in trusted:
                seen.note(path, found, sha, began=began)
        return Entry(Kind.FILE, stat.S_IMODE(found.st_mode), size=size, content=sha)

    return take
