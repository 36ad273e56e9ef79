"""Brings the fleet's source to where Python can read it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dagger

from pipeline.folders import temporary_folder


@asynccontextmanager
async def materialise(source: dagger.Directory) -> AsyncIterator[Path]:
    """The source as a directory of this process, gone afterwards.

    It is locked meanwhile: what a killed process left, the next session of the local engine removes.
    """
    with temporary_folder("pipeline-source-") as folder:
        # NB: a folder inside: an export may replace the folder, and with it the mode 0700 of the outer one.
        root = folder / "source"
        await source.export(str(root))
        yield root.resolve()
