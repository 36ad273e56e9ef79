"""The signature of a record or a channel's entry: a signed statement about its digest, beside it.

What is signed is not wrapped: it stays readable for whoever deploys it, and a record keeps its digest whoever
releases it.
"""

import json
from typing import Any

from pipeline.registry.documents.artifacts import ForeignError, get_document, put_document
from pipeline.registry.documents.evidence import ENVELOPE_TYPE, EVIDENCE_TYPE, STATEMENT
from pipeline.registry.documents.proof import Problem
from pipeline.registry.documents.record import RECORD_TYPE
from pipeline.registry.documents.signing import SignatureError, Signer, Trust
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import canonical_json


def seal_tag(digest: str) -> str:
    """The tag of the signature of a digest."""
    return f"signature-{digest.partition(':')[2]}"


def _statement(tag: str, digest: str) -> dict[str, Any]:
    return {
        "_type": STATEMENT,
        "subject": [{"name": tag, "digest": {"sha256": digest.partition(":")[2]}}],
        "predicateType": RECORD_TYPE,
        "predicate": {"tag": tag},
    }


async def seal(registry: Registry, repository: str, *, tag: str, digest: str, signer: Signer) -> str:
    """Sign what has a tag and a digest; return the digest of the signature's manifest.

    Repeating it changes nothing.
    """
    envelope = signer.sign(canonical_json(_statement(tag, digest)), payload_type=EVIDENCE_TYPE)
    return await put_document(
        registry,
        repository,
        seal_tag(digest),
        envelope,
        artifact_type=ENVELOPE_TYPE,
        media_type=ENVELOPE_TYPE,
    )


async def seal_problem(
    registry: Registry, repository: str, trust: Trust, *, tag: str, digest: str, kind: str
) -> Problem | None:
    """What is wrong with a signature; None when it is right. ``kind`` is what it is of, for people."""
    try:
        document = await get_document(registry, repository, seal_tag(digest), artifact_type=ENVELOPE_TYPE)
        if document is None:
            return Problem(outcome="incomplete", subject=tag, what=f"its {kind} is not signed")
        payload = trust.open(document, payload_type=EVIDENCE_TYPE)
    except (SignatureError, ForeignError) as error:
        return Problem(outcome="tampered", subject=tag, what=f"its {kind}: {error.what}")
    if json.loads(payload) != _statement(tag, digest):
        return Problem(outcome="tampered", subject=tag, what=f"the signature is of another {kind}")
    return None
