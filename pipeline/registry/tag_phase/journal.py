"""The journal and the record of a release, as claims: read from the registry, written to it."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.errors import ReleaseError
from pipeline.registry.documents.artifacts import document_in, document_manifest, put_content
from pipeline.registry.documents.record import RECORD_TYPE, Record, read_record, write_record
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import Manifest, canonical_json
from pipeline.registry.tag_phase.protocol import Claim

JOURNAL_TYPE = "application/vnd.pipeline.pending-release.v1+json"
PENDING = "pending-"
_RUN = "pipeline.run"


def pending(tag: str) -> str:
    """The tag of a release's journal."""
    return f"{PENDING}{tag}"


def claim_of(record: Record, run: str) -> Claim:
    """What a run claims that wants this record."""
    return _claim(record, canonical_json(write_record(record)), run)


def record_of(claim: Claim) -> Record:
    """The record that a claim is about."""
    return read_record(json.loads(claim.document))


def _claim(record: Record, document: bytes, run: str) -> Claim:
    own = sorted(unit.repository for unit in record.units if unit.build_key)
    return Claim(run=run, promise=tuple(sorted(record.digests.items())), named=tuple(own), document=document)


async def find_journal(registry: Registry, repository: str, tag: str) -> Claim | None:
    """The claim in a release's journal, or None if there is none. Raises ReleaseError, ForeignError."""
    return await _find(registry, repository, pending(tag), JOURNAL_TYPE)


async def find_closed(registry: Registry, repository: str, tag: str) -> Claim | None:
    """The record of a release as a claim of nobody, or None if there is none. Raises as the other one."""
    return await _find(registry, repository, tag, RECORD_TYPE)


async def _find(registry: Registry, repository: str, reference: str, artifact_type: str) -> Claim | None:
    manifest = await registry.manifest(repository, reference)
    if manifest is None:
        return None
    document = await document_in(registry, repository, reference, manifest, artifact_type=artifact_type)
    try:
        return _claim(read_record(document), canonical_json(document), _run(manifest.content))
    except ValueError as error:
        kind = "record" if artifact_type == RECORD_TYPE else "journal"
        raise ReleaseError(
            f"the {kind} cannot be read: {error}",
            where=registry.name(repository, reference),
            consequence="no name was given",
            next_step="use the version of this program that wrote it, or a newer one",
        ) from None


def _run(manifest: Mapping[str, Any]) -> str:
    notes = manifest.get("annotations")
    return str(notes.get(_RUN, "")) if isinstance(notes, dict) else ""


async def put_claim_content(registry: Registry, repository: str, claim: Claim) -> None:
    """Store the blobs that journal and record share, so that writing either is a single request."""
    await put_content(registry, repository, claim.document, media_type=RECORD_TYPE)


def journal_manifest(claim: Claim) -> Manifest:
    """What is put under the journal's tag."""
    notes = {_RUN: claim.run}
    return document_manifest(
        claim.document, artifact_type=JOURNAL_TYPE, media_type=RECORD_TYPE, annotations=notes
    )


def record_manifest(claim: Claim) -> Manifest:
    """What is put under the release's tag: the same bytes for equal documents, whoever writes it."""
    return document_manifest(claim.document, artifact_type=RECORD_TYPE, media_type=RECORD_TYPE)
