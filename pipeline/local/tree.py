"""A directory as a value: a sorted manifest of entries whose contents are kept by digest."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from pipeline.errors import EngineError


class Kind(StrEnum):
    """What an entry is. A device or a pipe is known, and passed from container to container: nowhere else."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree.

    ``content`` is the sha256 (64 hex) of a file's bytes in the `Blobs` store, a link's target, or what else
    it is ("character device 1:3"); ``mode`` holds permission bits only (0o7777); ``size`` is in bytes, of
    files.
    """

    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    content: str = ""


def refuse_other(path: str, entry: Entry) -> None:
    """Raises EngineError for what may not leave a container."""
    if entry.kind is Kind.OTHER:
        what = entry.content.removesuffix(" 0:0")
        raise EngineError(f"{path} is a {what}, not a file, directory or link: leave it out")


@dataclass(frozen=True)
class Tree:
    """Entries by relative POSIX path ("a/b", never "/a", "a/" or ".."); every parent is an entry too."""

    entries: Mapping[str, Entry]

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """All paths, parents before children, siblings by name."""
        return tuple(sorted(self.entries, key=lambda path: path.split("/")))

    @cached_property
    def digest(self) -> str:
        """``sha256:<64 hex>`` over every path and entry; independent of the order they were added in."""
        digest = hashlib.sha256()
        for path in self.paths:
            entry = self.entries[path]
            fields: Iterable[object] = (path, entry.kind, entry.mode, entry.uid, entry.gid, entry.content)
            digest.update("\0".join(map(str, fields)).encode("utf-8", "surrogateescape") + b"\n")
        return f"sha256:{digest.hexdigest()}"
