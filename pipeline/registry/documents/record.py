"""The record of a release: which digests one tag means, as a document whose bytes depend on nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RECORD_TYPE = "application/vnd.pipeline.release.v1+json"
RECORD_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Released:
    """A family or image in a release.

    Parameters
    ----------
    kind:
        ``family`` or ``image``.
    repository, digest:
        HOST/REPOSITORY and digest.
    build_key:
        Empty for a family that was published elsewhere: it is recorded, but gets no name from us.
    evidence:
        Service name to test key, for each smoke test that passed.
    """

    kind: str
    name: str
    repository: str
    digest: str
    build_key: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a release is of: the fleet's name, the commit and its date (UTC, ISO 8601) as the host has it."""

    fleet: str
    commit: str
    commit_date: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """A release: its tag, its facts, and everything in it.

    NB: no time of creation in here: an identical release must have an identical digest.
    """

    tag: str
    facts: Facts
    units: tuple[Released, ...]

    @property
    def digests(self) -> dict[str, str]:
        """Repository to digest: what the release promises, whatever else the record tells."""
        return {unit.repository: unit.digest for unit in self.units}


def write_record(record: Record) -> dict[str, Any]:
    """The record as a JSON document, its units in the order of their names."""
    units = sorted(record.units, key=lambda unit: unit.name)
    return {
        "version": RECORD_VERSION,
        "fleet": record.facts.fleet,
        "tag": record.tag,
        "commit": record.facts.commit,
        "commitDate": record.facts.commit_date,
        "families": [_write_unit(unit) for unit in units if unit.kind == "family"],
        "images": [_write_unit(unit) for unit in units if unit.kind == "image"],
    }


def _write_unit(unit: Released) -> dict[str, Any]:
    return {
        "name": unit.name,
        "repository": unit.repository,
        "digest": unit.digest,
        "buildKey": unit.build_key,
        "evidence": dict(unit.evidence),
    }


def read_record(document: Mapping[str, Any]) -> Record:
    """The record in a document. Raises ValueError when it is none that this version can read."""
    try:
        if document["version"] != RECORD_VERSION:
            raise ValueError(f"version {document['version']!r} is not {RECORD_VERSION}")
        families = tuple(_read_unit("family", unit) for unit in document["families"])
        images = tuple(_read_unit("image", unit) for unit in document["images"])
        facts = Facts(
            fleet=str(document["fleet"]),
            commit=str(document["commit"]),
            commit_date=str(document["commitDate"]),
        )
        return Record(tag=str(document["tag"]), facts=facts, units=families + images)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record: {error}") from None


def _read_unit(kind: str, unit: Mapping[str, Any]) -> Released:
    return Released(
        kind=kind,
        name=str(unit["name"]),
        repository=str(unit["repository"]),
        digest=str(unit["digest"]),
        build_key=str(unit["buildKey"]),
        evidence={str(service): str(key) for service, key in unit["evidence"].items()},
    )
