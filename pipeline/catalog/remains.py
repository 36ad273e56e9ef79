"""What of a catalog can still be checked when some of its tables are malformed."""

from typing import Any

from pydantic import ValidationError

from pipeline.catalog.model import Catalog

_PLACEHOLDERS: dict[str, Any] = {"fleet": {"name": "unknown", "organisation": "unknown"}}


def remains_of(data: dict[str, Any], error: ValidationError) -> Catalog | None:
    """The catalog without the tables that ``error`` names, or None where nothing sound is left.

    A malformed family stays known by its name, so that who stands on it is not called wrong.
    """
    rest: dict[str, Any] = {
        key: dict(value) if isinstance(value, dict) else value for key, value in data.items()
    }
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        _drop(rest, detail["loc"])
    try:
        return Catalog.model_validate(rest)
    except ValidationError:
        return None


def _drop(rest: dict[str, Any], location: tuple[int | str, ...]) -> None:
    kind = str(location[0])
    tables = rest.get(kind)
    if kind == "families" and len(location) > 1 and isinstance(tables, dict):
        tables[location[1]] = {"name": location[1], "tag": "unknown"}
    elif kind in ("images", "targets") and len(location) > 1 and isinstance(tables, dict):
        tables.pop(location[1], None)
    elif kind in _PLACEHOLDERS:
        rest[kind] = _PLACEHOLDERS[kind]
    else:
        rest.pop(kind, None)
