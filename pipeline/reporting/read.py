"""Reads a run.json again, of this version of the run model or an older one."""

import json
from typing import Any

from pydantic import ValidationError

from pipeline.errors import UsageError
from pipeline.reporting.model import MODEL_VERSION, Run

_SHOWN = 3  # mistakes of a document that are told
_EVER = {"fleet", "function", "verdict"}  # what a run has had in every version


def read_run(text: str, *, where: str = "run.json") -> Run:
    """The run in a document. Raises UsageError, with ``where`` in it, for what is none or is too new."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _refused(where, f"this is no JSON: {error}") from None
    version = _version(document)
    if version is None:
        raise _refused(where, "this is no run: it has no version")
    if version > MODEL_VERSION:
        raise UsageError(
            f"it is of version {version} of the run model; this program reads up to {MODEL_VERSION}",
            where=where,
            consequence="it is not shown: what is new in it would be left out",
            next_step="use the pipeline that wrote it, or a newer one",
        )
    try:
        return Run.model_validate_json(text)
    except ValidationError as error:
        raise _refused(where, f"this is no run: {_told(error)}") from None


def is_run(text: str) -> bool:
    """Whether a document is a run's, of whatever version."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return _version(document) is not None and document.keys() >= _EVER


def _version(document: Any) -> int | None:
    version = document.get("version") if isinstance(document, dict) else None
    return version if isinstance(version, int) and version >= 1 else None


def _told(error: ValidationError) -> str:
    mistakes = error.errors(include_url=False)
    told = [f"{'.'.join(map(str, each['loc'])) or 'document'}: {each['msg']}" for each in mistakes[:_SHOWN]]
    more = [f"and {len(mistakes) - _SHOWN} more"] if len(mistakes) > _SHOWN else []
    return "; ".join([*told, *more])


def _refused(where: str, what: str) -> UsageError:
    return UsageError(
        what,
        where=where,
        consequence="there is nothing to show",
        next_step="give the run.json that `run -o OUT` left in its directory",
    )
