"""File."""

import asyncio
from dataclasses import replace
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
def contents(
    file: File, *, engine: Engine, offset_lines: int | None = None, limit_lines: int | None = None
) -> str:
    """Its text, or some lines of it."""
    text = engine.blobs.read(file.entry.content).decode("utf-8", "replace")
    if offset_lines is None and limit_lines is None:
        return text
    start = offset_lines or 0
    end = None if limit_lines is None else start + limit_lines
    return "".join(text.splitlines(keepends=True)[start:end])


@serves("File.digest")
def digest(file: File, *, exclude_metadata: bool) -> str:
    """sha256 of its bytes, with name, mode and owner unless left out."""
    if exclude_metadata:
        return f"sha256:{file.entry.content}"
    return file.tree.digest


@serves("File.stat")
def stat(file: File) -> Stat:
    """Name, mode and size."""
    return stat_of(file.name, file.entry)


@serves("File.export")
async def export(file: File, *, engine: Engine, path: str, allow_parent_dir_path: bool) -> str:
    """Write it to the host, below ``path`` if that is a folder and it is allowed; gives the file's path."""
    target = Path.cwd() / path
    if allow_parent_dir_path and target.is_dir():
        target /= file.name
    await asyncio.to_thread(export_file, file.entry, target, engine.blobs)
    return str(target)


@serves("File.withName")
def with_name(file: File, *, name: str) -> File:
    """Under another name."""
    return replace(file, name=name)
