"""Brings the fleet's source to where Python can read it."""

import fcntl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dagger


@asynccontextmanager
async def materialise(source: dagger.Directory) -> AsyncIterator[Path]:
    """The source as a directory of this process, gone afterwards.

    It is locked meanwhile: what a killed process left, the next session of the local engine removes.
    """
    # NB: a folder inside: an export may replace the folder, and with it the mode 0700 of the outer one.
    with (
        tempfile.TemporaryDirectory(prefix="pipeline-source-") as folder,
        (Path(folder) / "lock").open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = Path(folder) / "source"
        await source.export(str(root))
        yield root.resolve()
