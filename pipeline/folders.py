"""Folders for one process: its user's only, removed by it, or by whoever comes next when it was killed."""

import asyncio
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

# Of sessions, and of processes that they work for.
TEMPORARY = ("pipeline-engine-", "pipeline-source-", "pipeline-shell-", "pipeline-ssh-")
AGAIN = 0.05  # seconds between two attempts at a lock that somebody has
GRACE = 5.0  # seconds in which a new folder's owner surely locks it


class Folder:
    """A new folder, locked while this process lives: the kernel lets go when it dies."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700)
        self.path = path
        self._lock = (path / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove it with all that is in it, and let go."""
        remove(self.path)
        self._lock.close()


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new temporary folder, while the block runs; ``prefix`` is one of `TEMPORARY`.

    Those that dead processes left are removed.
    """
    place = Path(tempfile.gettempdir())
    sweep(temporary(place))
    folder = Folder(place / f"{prefix}{secrets.token_hex(8)}")
    try:
        yield folder.path
    finally:
        folder.remove()


@asynccontextmanager
async def alone(file: Path) -> AsyncIterator[None]:
    """While the block runs, whoever wants the same waits, in whichever process; ``file`` stays."""
    with file.open("w") as lock:
        while not takes(lock):  # noqa: ASYNC110 (no event tells what another process does)
            await asyncio.sleep(AGAIN)
        yield


def takes(file: IO[str]) -> bool:
    """Whether this process gets the lock of an open file, which ends with it; at once."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def temporary(place: Path) -> Iterator[Path]:
    """Those that lie there."""
    return (folder for prefix in TEMPORARY for folder in place.glob(f"{prefix}*"))


def is_held(folder: Path) -> bool:
    """Whether a living process holds it. NB: by a shared lock, since others may look at the same moment."""
    try:
        with (folder / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def sweep(folders: Iterable[Path]) -> None:
    """Remove the dead ones."""
    for folder in dead(folders):
        remove(folder)


def dead(folders: Iterable[Path]) -> Iterator[Path]:
    """Those that nobody holds; nothing that another user owns, or a link."""
    return (folder for folder in folders if _may_go(folder) and not is_held(folder))


def remove(folder: Path) -> None:
    """Remove it with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _may_go(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:  # another sweep was faster
        return False
    old = time.time() - found.st_mtime > GRACE
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and old
