"""The folder of a session: on disk, for its owner only, removed with it or by the next one.

So are folders of processes that a session works for: whoever makes one named so holds its ``lock``.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

PREFIX = "pipeline-engine-"
SWEPT = (PREFIX, "pipeline-source-", "pipeline-shell-")
GRACE = 5.0  # seconds in which a new folder's owner surely locks it


def session_folder(closing: ExitStack) -> Path:
    """A new folder, locked while this process lives; what dead processes left is removed."""
    sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    closing.callback(shutil.rmtree, folder, ignore_errors=True)
    lock = closing.enter_context((folder / "lock").open("w"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    return folder


def sweep(place: Path) -> None:
    """Remove our folders there whose lock nobody holds; nothing that another user owns, or a link."""
    for folder in (found for prefix in SWEPT for found in place.glob(f"{prefix}*")):
        if _is_ours(folder) and not _is_held(folder / "lock"):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:  # another sweep was faster
        return False
    old = time.time() - found.st_mtime > GRACE
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and old


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
