"""File contents by sha256, on disk. A blob never changes once it has its name."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pipeline.errors import EngineError

CHUNK = 1 << 20  # bytes

Looks = tuple[int, ...]


def looks(found: os.stat_result) -> Looks:
    """What changes with a file's content: device, inode, bytes, times of last write and last change."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True)
class Blobs:
    """A store of file contents under ``root``; the names are 64 hex digits.

    Contents may also be lent: they stay where they are until somebody needs them.
    """

    root: Path
    lent: dict[str, tuple[Path, Looks]] = field(default_factory=dict)

    def path(self, sha: str) -> Path:
        """Where the content with this sha256 lies (or would lie). Raises EngineError, as `copy` does."""
        if sha in self.lent and not self._place(sha).exists():
            partial = self._partial()
            try:
                self.copy(sha, partial)
                self._name(partial, sha)
            finally:
                partial.unlink(missing_ok=True)
        return self._place(sha)

    def copy(self, sha: str, target: Path) -> None:
        """Write the content into a file. Raises EngineError when it was lent, and has changed since."""
        origin, looked = self.lent.get(sha, (Path(), ()))
        if not looked or self._place(sha).exists():
            shutil.copyfile(self._place(sha), target)
            return
        try:
            before = looks(origin.lstat())
            shutil.copyfile(origin, target)
            unchanged = looked == before == looks(origin.lstat())
        except FileNotFoundError:
            unchanged = False
        if not unchanged:
            raise EngineError("was changed while the run needed it: run it again", where=str(origin))

    def lend(self, sha: str, path: Path, found: os.stat_result) -> None:
        """Know this content without reading it: it is what the file holds while it looks like ``found``."""
        self.lent[sha] = (path, looks(found))

    def _place(self, sha: str) -> Path:
        return self.root / sha[:2] / sha[2:]

    def read(self, sha: str) -> bytes:
        """The whole content; FileNotFoundError for an unknown one."""
        return self.path(sha).read_bytes()

    def add_bytes(self, data: bytes) -> str:
        """Keep these bytes; returns their sha256."""
        sha = hashlib.sha256(data).hexdigest()
        if not self._place(sha).exists():
            self._settle(sha, lambda out: out.write(data))
        return sha

    def add_file(self, path: Path) -> str:
        """Keep what this file holds now; returns its sha256."""
        with path.open("rb") as source:
            return self.add_stream(source)

    def add_stream(self, source: IO[bytes]) -> str:
        """Keep what can be read from here to the end; returns its sha256."""
        digest, partial = hashlib.sha256(), self._partial()
        try:
            with partial.open("wb") as out:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
            return self._name(partial, digest.hexdigest())
        finally:
            partial.unlink(missing_ok=True)

    def _settle(self, sha: str, write: Callable[[IO[bytes]], object]) -> None:
        partial = self._partial()
        with partial.open("wb") as out:
            write(out)
        self._name(partial, sha)

    def _partial(self) -> Path:
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.root, prefix="partial-")
        os.close(handle)
        return Path(name)

    def _name(self, partial: Path, sha: str) -> str:
        target = self._place(sha)
        target.parent.mkdir(exist_ok=True)
        partial.replace(target)
        return sha
