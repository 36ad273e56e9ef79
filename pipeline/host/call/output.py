"""A result on stdout, or in a file: as `dagger call` prints it."""

import json
from pathlib import Path
from typing import Any

import xxhash

from pipeline.errors import UsageError
from pipeline.host.call.binding import State


def _is_object(value: Any) -> bool:
    return isinstance(value, State) or hasattr(value, "_ctx")


async def label(value: Any, type_name: str) -> str:
    """What stands for an object when it is printed: its type and a digest of what it is; evaluates it."""
    if isinstance(value, State):
        identity = json.dumps(value.fields, sort_keys=True, default=str)
    else:
        if hasattr(value, "sync"):
            await value.sync()
        identity = await value.id()
    return f"{type_name}@xxh3:{xxhash.xxh3_64_hexdigest(identity.encode())}"


async def _changes(value: Any) -> str:
    """What a Changeset would do, path by path; `dagger call` shows it too, and asks whether to do it."""
    kinds = {"add": value.added_paths, "change": value.modified_paths, "remove": value.removed_paths}
    lines = [f"{kind} {path}\n" for kind, paths in kinds.items() for path in await paths()]
    return "".join(lines) or "no changes\n"


async def _printable(value: Any, type_name: str) -> Any:
    if isinstance(value, list):
        return [await _printable(each, type_name) for each in value]
    return await label(value, type_name) if _is_object(value) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "".join(f"{_text(each)}\n" for each in value)
    if isinstance(value, dict):
        return "".join(_text(each) for each in value.values())
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e21  # NB: Go prints 2.0 as 2
    return str(int(value) if whole else value)


async def render(value: Any, *, as_json: bool, type_name: str) -> str:
    """The text of a result."""
    if hasattr(value, "modified_paths"):
        return await _changes(value)
    shown = await _printable(value, type_name)
    if _is_object(value):
        return f"{shown}\n"
    if isinstance(value, list) and value and all(map(_is_object, value)):
        return "".join(f"- {each}\n" for each in shown)
    if as_json and value is not None:
        return json.dumps(shown, indent=4, ensure_ascii=False) + "\n"
    return _text(shown)


def exportable(value: Any) -> bool:
    """Whether it is a directory, file, container or another object that the engine writes to disk."""
    return _is_object(value) and hasattr(value, "export")


async def export(value: Any, path: str) -> None:
    """Let the engine write an object to a path."""
    await value.export(str(Path.cwd() / path))


def save(text: str, path: str, *, value: Any) -> None:
    """Write what would have been printed to a file.

    Raises
    ------
    UsageError
        The result is an object that has no file form, or the file cannot be written.
    """
    if any(map(_is_object, value if isinstance(value, list) else [value])):
        raise UsageError(
            "the result cannot be saved",
            where=f"--output {path}",
            next_step="chain to a Directory, File or text",
        )
    try:
        Path(path).write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise UsageError(
            f"the result cannot be written there: {error.strerror}", where=f"--output {path}"
        ) from None
