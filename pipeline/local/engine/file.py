"""File."""

import asyncio
from pathlib import Path

from pipeline.local.engine.engine import Engine
from pipeline.local.engine.export import export_file
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.file_edits import new_file
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import File, Stat, stat_of


@serves("Query.file")
def query_file(*, engine: Engine, name: str, contents: str, permissions: int) -> File:
    """A file of this text."""
    if "/" in name:
        raise QueryError(f"file name {name!r} has a slash: it is a name, not a path")
    return File(name=name, entry=new_file(engine, contents, permissions))


@serves("File.contents")
def contents(file: File, *, engine: Engine) -> str:
    """Its text."""
    return engine.blobs.read(file.entry.content).decode("utf-8", "replace")


@serves("File.digest")
def digest(file: File) -> str:
    """sha256 of its bytes with name, mode and owner."""
    return file.tree.digest


@serves("File.stat")
def stat(file: File) -> Stat:
    """Name, mode and size."""
    return stat_of(file.name, file.entry)


@serves("File.export")
async def export(file: File, *, engine: Engine, path: str) -> str:
    """Write it to the host; gives the file's path."""
    target = Path.cwd() / path
    await asyncio.to_thread(export_file, file.entry, target, engine.blobs)
    return str(target)
