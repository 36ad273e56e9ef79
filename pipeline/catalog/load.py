"""Read fleet.toml: one validated `Catalog`, or every mistake at once."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.catalog.links import wrong_links
from pipeline.catalog.mistakes import InvalidCatalogError, Mistake
from pipeline.catalog.model import Catalog
from pipeline.catalog.paths import read_inside, wrong_paths
from pipeline.catalog.remains import remains_of
from pipeline.catalog.shape import mistakes_of

_NAMED_TABLES = ("families", "images", "targets")


def load_catalog(root: Path, filename: str = "fleet.toml") -> Catalog:
    """The catalog of the fleet whose files are under ``root``; ``filename`` is relative to it.

    Raises CatalogError: `InvalidCatalogError` with all mistakes where the file can be read.
    """
    text = read_inside(root, filename)
    data = _parse(text, filename)
    catalog, mistakes = _validate({**_with_names(data), "filename": filename}, data)
    mistakes = [*_misplaced(data), *mistakes]
    if catalog:
        mistakes += [*wrong_links(catalog), *wrong_paths(catalog, root)]
    if mistakes or not catalog:
        raise InvalidCatalogError(mistakes, where=filename, text=text)
    return catalog


def _validate(named: dict[str, Any], written: dict[str, Any]) -> tuple[Catalog | None, list[Mistake]]:
    try:
        return Catalog.model_validate(named), []
    except ValidationError as error:
        return remains_of(named, error), list(mistakes_of(error, written))


def _parse(text: str, filename: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    # NB: a ValueError that is no TOMLDecodeError: a number of more digits than Python reads.
    except ValueError as error:
        raise InvalidCatalogError(
            [Mistake(table="", what=f"is not valid TOML: {error}")], where=filename, text=text
        ) from None
    except RecursionError:
        raise InvalidCatalogError([Mistake(table="", what="is nested too deeply")], where=filename) from None


def _with_names(data: dict[str, Any]) -> dict[str, Any]:
    """The same with ``name`` filled in from the key of each family, image and target."""
    named = {key: _named(data[key]) for key in _NAMED_TABLES if isinstance(data.get(key), dict)}
    return {**data, **named}


def _named(tables: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**table, "name": name} if isinstance(table, dict) else table for name, table in tables.items()
    }


def _misplaced(data: dict[str, Any]) -> list[Mistake]:
    """Keys that the model has but that people may not give."""
    given = [
        Mistake(table=f"{kind}.{name}", key="name", what="is the table's own name already", hint="remove it")
        for kind in _NAMED_TABLES
        if isinstance(data.get(kind), dict)
        for name, table in data[kind].items()
        if isinstance(table, dict) and "name" in table
    ]
    if "filename" in data:
        given.append(Mistake(table="", key="filename", what="unknown key"))
    return given
