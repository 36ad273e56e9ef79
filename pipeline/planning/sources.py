"""The fleet's files as one call reads them: every file, directory and link at most once."""

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.planning.dockerfile import Dockerfile, read_dockerfile

_BLOCK = 1 << 20
_LONGEST_CHAIN = 40


@dataclass(frozen=True)
class Node:
    """What is at a path: ``mode`` are permission bits, ``target`` is a link's, ``size`` a file's in bytes."""

    kind: Literal["file", "directory", "symlink", "other"]
    mode: int
    target: str = ""
    size: int = 0


@dataclass(frozen=True)
class Located:
    """Where a path leads: ``path`` after links, which ``links`` were followed, and the ``node``, if any."""

    path: str
    links: tuple[str, ...]
    node: Node | None


@dataclass
class Sources:
    """A cache over one directory tree. Paths are relative to it, POSIX, "" being the tree itself."""

    root: Path
    _nodes: dict[str, Node | None] = field(default_factory=dict[str, Node | None])
    _children: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    _digests: dict[str, str] = field(default_factory=dict[str, str])
    _texts: dict[str, str | None] = field(default_factory=dict[str, str | None])
    _dockerfiles: dict[str, Dockerfile] = field(default_factory=dict[str, Dockerfile])

    def node(self, path: str) -> Node | None:
        """What is at a path, links not followed; None where there is nothing or nothing can be seen."""
        if path not in self._nodes:
            self._nodes[path] = self._stat(path)
        return self._nodes[path]

    def children(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted; none where it cannot be read."""
        if path not in self._children:
            self._children[path] = self._list(path)
        return self._children[path]

    def digest(self, path: str) -> str:
        """64 hex of a file's content; empty where it cannot be read."""
        if path not in self._digests:
            self._digests[path] = self._hash(path)
        return self._digests[path]

    def text(self, path: str) -> str | None:
        """A file's text, or None where there is none; bytes that are not UTF-8 are kept as surrogates."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def dockerfile(self, path: str) -> Dockerfile:
        """A file read as a Dockerfile; an empty one where there is none."""
        if path not in self._dockerfiles:
            self._dockerfiles[path] = read_dockerfile(self.text(path) or "", path)
        return self._dockerfiles[path]

    def head(self, path: str, length: int) -> bytes:
        """The first bytes of a file; none where it cannot be read."""
        try:
            with open(self._at(path), "rb", buffering=0) as file:  # noqa: PTH123
                return file.read(length)
        except (OSError, ValueError):
            return b""

    def locate(self, path: str, *, within: str = "") -> Located:
        """Follow the links on the way to ``path`` and at its end; like BuildKit never out of ``within``."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        done: list[str] = []
        links: list[str] = []
        while parts:
            part = parts.pop(0)
            if part == "..":
                done = done[:-1]
                continue
            here = join(within, *done, part)
            node = self.node(here)
            if node is None or node.kind != "symlink":
                done.append(part)
                continue
            if len(links) == _LONGEST_CHAIN:
                return Located(here, tuple(links), None)
            links.append(here)
            done = [] if node.target.startswith("/") else done
            parts = [*(step for step in node.target.split("/") if step not in ("", ".")), *parts]
        found = join(within, *done)
        return Located(found, tuple(links), self.node(found))

    def _at(self, path: str) -> str:
        # NB: text, not Path: a fleet of a thousand images has some ten thousand paths.
        return f"{self.root}/{path}"

    def _stat(self, path: str) -> Node | None:
        try:
            status = os.lstat(self._at(path))
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISREG(status.st_mode):
                return Node("file", mode, size=status.st_size)
            if stat.S_ISDIR(status.st_mode):
                return Node("directory", mode)
            if stat.S_ISLNK(status.st_mode):
                return Node("symlink", mode, os.readlink(self._at(path)))  # noqa: PTH115
        except (OSError, ValueError):
            return None
        return Node("other", mode)

    def _list(self, path: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(self._at(path))))  # noqa: PTH208
        except (OSError, ValueError):
            return ()

    def _hash(self, path: str) -> str:
        digest = hashlib.sha256()
        try:
            with open(self._at(path), "rb", buffering=0) as file:  # noqa: PTH123
                while block := file.read(_BLOCK):
                    digest.update(block)
        except (OSError, ValueError):
            return ""
        return digest.hexdigest()

    def _read(self, path: str) -> str | None:
        try:
            with open(self._at(path), "rb") as file:  # noqa: PTH123
                return file.read().decode("utf-8", errors="surrogateescape")
        except (OSError, ValueError):
            return None


def join(*parts: str) -> str:
    """One relative path of several; empty ones and "." do not count."""
    return "/".join([part for part in parts if part not in ("", ".")])
