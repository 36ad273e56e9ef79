"""File contents by sha256, on disk. A blob never changes once it has its name."""

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHUNK = 1 << 20  # bytes

Looks = tuple[int, ...]


def looks(found: os.stat_result) -> Looks:
    """What changes with a file's content: device, inode, bytes, times of last write and last change."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True)
class Blobs:
    """A store of file contents under ``root``; the names are 64 hex digits."""

    root: Path

    def path(self, sha: str) -> Path:
        """Where the content with this sha256 lies (or would lie)."""
        return self.root / sha[:2] / sha[2:]

    def read(self, sha: str) -> bytes:
        """The whole content; FileNotFoundError for an unknown one."""
        return self.path(sha).read_bytes()

    def add_bytes(self, data: bytes) -> str:
        """Keep these bytes; returns their sha256."""
        sha = hashlib.sha256(data).hexdigest()
        return sha if self.path(sha).exists() else self.add_stream(io.BytesIO(data))

    def add_file(self, path: Path) -> str:
        """Keep what this file holds now; returns its sha256."""
        with path.open("rb") as source:
            return self.add_stream(source)

    def add_known(self, sha: str, path: Path, found: os.stat_result) -> bool:
        """Keep what this file holds, known to be ``sha`` while it looks like ``found``: a third of the work.

        False, and nothing is kept, when it does not look like that any more.
        """
        if self.path(sha).exists():
            return True
        with path.open("rb") as source, self._partial() as out:
            while os.sendfile(out.fileno(), source.fileno(), None, found.st_size):
                pass
            if looks(os.fstat(source.fileno())) != looks(found):
                return False
            self._name(out, sha)
        return True

    def add_stream(self, source: IO[bytes]) -> str:
        """Keep what can be read from here to the end; returns its sha256."""
        digest = hashlib.sha256()
        with self._partial() as out:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
            return self._name(out, digest.hexdigest())

    @contextmanager
    def _partial(self) -> Iterator[IO[bytes]]:
        """A new file, gone afterwards if it got no name."""
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.root, prefix="partial-", delete=False) as out:
            try:
                yield out
            finally:
                Path(out.name).unlink(missing_ok=True)

    def _name(self, partial: IO[bytes], sha: str) -> str:
        partial.flush()
        target = self.path(sha)
        target.parent.mkdir(exist_ok=True)
        Path(partial.name).replace(target)
        return sha
