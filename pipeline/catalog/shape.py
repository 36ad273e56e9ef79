"""From pydantic's errors to mistakes: which table, which key, and what would have been right."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.catalog.mistakes import Mistake, nearest
from pipeline.catalog.model import Acknowledgement, Catalog, Family, Fleet, Image, Root, Target
from pipeline.catalog.service import Health, Service

Location = Sequence[int | str]

_TABLES: dict[str, type[BaseModel]] = {"fleet": Fleet, "root": Root}
_NAMED: dict[str, type[BaseModel]] = {"families": Family, "images": Image, "targets": Target}
_INNER: dict[str, type[BaseModel]] = {"services": Service, "health": Health}
_FILLED_IN = {"name", "filename"}


def mistakes_of(error: ValidationError, data: Any) -> Iterator[Mistake]:
    """One mistake for each of pydantic's errors; ``data`` is what was validated."""
    for detail in error.errors(include_url=False):
        yield _mistake(detail["loc"], detail["type"], detail["msg"], data)


def _mistake(location: Location, kind: str, message: str, data: Any) -> Mistake:
    table, key = _place(location, data)
    if kind == "extra_forbidden":
        return Mistake(table=table, key=key, what="unknown key", hint=nearest(key, valid_keys(location[:-1])))
    if kind == "missing":
        return Mistake(table=table, key=key, what="is missing", hint=f"add {key} = …")
    return Mistake(table=table, key=key, what=message.removeprefix("Value error, "))


def valid_keys(location: Location) -> list[str]:
    """The keys that a table may have, by its place: ``("images", "speech", "services", 0)``."""
    model, named = _model_at(location)
    keys = [field for field in model.model_fields if not (named and field in _FILLED_IN)]
    return [key for key in keys if key != "filename"]


def _model_at(location: Location) -> tuple[type[BaseModel], bool]:
    words = [part for part in location if isinstance(part, str)]
    inner = [_INNER[word] for word in words[2:] if word in _INNER]
    if inner:
        return inner[-1], False
    first = words[0] if words else ""
    if first == "acknowledge":
        return Acknowledgement, False
    if first in _NAMED and len(words) > 1:
        return _NAMED[first], True
    return _TABLES.get(first, Catalog), False


def _place(location: Location, data: Any) -> tuple[str, str]:
    """Table and key as a person finds them; an element of an array of tables goes by its name."""
    tables: list[str] = []
    keys: list[str] = []
    for index, part in enumerate(location):
        data = _step(data, part)
        is_table = isinstance(data, dict) and part not in ("health", "build_args", "environment", "host_port")
        is_tables = isinstance(data, list) and part in ("services", "acknowledge")
        if (is_table or is_tables) and not keys:
            tables.append(_label(data, part))
        elif part != "[key]":
            keys.append(f"[{part}]" if isinstance(part, int) else str(part))
        if isinstance(part, str) and index == 0 and part not in {*_TABLES, *_NAMED, "acknowledge"}:
            return "", part
    return ".".join(tables), ".".join(keys).replace(".[", "[")


def _step(data: Any, part: int | str) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None


def _label(data: Any, part: int | str) -> str:
    if isinstance(part, int):
        name = data.get("name") if isinstance(data, dict) else None
        return name if isinstance(name, str) and name else str(part + 1)
    return part
