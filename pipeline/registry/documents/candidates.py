"""Candidates: what was built and tested, found again by its build key without a name being given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.catalog.references import is_digest
from pipeline.errors import RegistryError
from pipeline.registry.documents.artifacts import ForeignError, get_document, put_document
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.lag import settled

INPUTS_TAG = "last-inputs"
INPUTS_TYPE = "application/vnd.pipeline.inputs.v1+json"
_DAY = 24 * 3600.0
_KEY = re.compile(r"[0-9a-f]{64}")


def candidate_tag(key: str) -> str:
    """The tag of a build key: ``key-<64 hex>``."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"a build key is 64 lower-case hex digits, not {key!r}")
    return f"key-{key}"


async def find_candidate(registry: Registry, repository: str, key: str) -> str | None:
    """Digest of the candidate with this build key, or None if there is none.

    Raises DeniedError when the registry does not say (a private package, or none: GHCR does not tell an
    anonymous reader which).
    """
    return await registry.find(repository, candidate_tag(key))


async def read_back(registry: Registry, repository: str, key: str, digest: str) -> None:
    """Make sure that the registry has just this digest under the build key.

    Waits for reads that lag behind the write. Raises RegistryError if it stays another one.
    """
    if not is_digest(digest):
        raise ValueError(f"not a digest: {digest!r}")
    found = await settled(registry, repository, candidate_tag(key), digest)
    if found != digest:
        raise RegistryError(
            f"the registry has {found or 'nothing'} under this build key, not {digest} that was pushed",
            where=registry.name(repository, candidate_tag(key)),
            consequence="the image that was tested is not the candidate",
            next_step="run the same command again: it adopts the candidate that is there",
        )


@dataclass(frozen=True, kw_only=True)
class LastBuild:
    """What the newest candidate was built from, and how long building and testing took (0: not known)."""

    inputs: Mapping[str, str]
    seconds: float = 0.0


async def record_build(
    registry: Registry, repository: str, key: str, inputs: Mapping[str, str], *, seconds: float = 0.0
) -> None:
    """Keep a `LastBuild`: the next plan can say what changed, and share the work out. Advisory only."""
    document = {"version": 1, "key": key, "inputs": dict(inputs), "seconds": round(seconds, 1)}
    await put_document(
        registry, repository, INPUTS_TAG, document, artifact_type=INPUTS_TYPE, media_type=INPUTS_TYPE
    )


async def last_build(registry: Registry, repository: str) -> LastBuild | None:
    """What is known of the newest candidate, or None. Advisory: two runs may overwrite each other's."""
    try:
        document = await get_document(registry, repository, INPUTS_TAG, artifact_type=INPUTS_TYPE)
    except ForeignError:
        return None
    if document is None or not isinstance(inputs := document.get("inputs"), dict):
        return None
    return LastBuild(
        inputs={str(name): str(value) for name, value in inputs.items()},
        seconds=_seconds(document.get("seconds")),
    )


def _seconds(told: Any) -> float:
    return float(told) if isinstance(told, int | float) and 0 <= told < _DAY else 0.0
