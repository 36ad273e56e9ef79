"""Evidence: that a digest passed one smoke test, as an in-toto statement beside the image.

Form: in-toto Statement v1 with the predicate test-result v0.1, which takes further fields
(https://github.com/in-toto/attestation/blob/main/spec/v1/README.md#parsing-rules). It is found by its tag,
not by ``subject``: docker-registry 2.8 has no referrers API, and the fallback tag of distribution spec 1.1
is read, changed and written, which two runs cannot do at once.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipeline.catalog.references import is_digest
from pipeline.registry.documents.artifacts import get_document, put_document
from pipeline.registry.documents.signing import (
    SignatureError,
    Signer,
    Trust,
    UnsignedError,
    is_envelope,
    unchecked_payload,
)
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import canonical_json
from pipeline.reporting.model import Check, Verdict

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
EVIDENCE_TYPE = "application/vnd.in-toto+json"
ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One smoke test that passed.

    Parameters
    ----------
    repository, digest:
        The image, as HOST/REPOSITORY and digest.
    service, test_key, build_key:
        What was tested, under which test key, on the candidate of which build key.
    suite:
        Name of the smoke test with its probe's version.
    checks, seconds:
        Each question with its verdict; duration of all.
    build_seconds:
        How long the build of the candidate took; 0.0 where that is not known.
    engine, builder, commit:
        Where and from what: they inform, nothing depends on them.
    """

    repository: str
    digest: str
    service: str
    test_key: str
    build_key: str = ""
    suite: str = "smoke"
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0
    build_seconds: float = 0.0
    engine: str = ""
    builder: str = ""
    commit: str = ""


def evidence_tag(test_key: str) -> str:
    """The tag of a test key: ``evidence-<64 hex>``."""
    if not _KEY.fullmatch(test_key):
        raise ValueError(f"a test key is 64 lower-case hex digits, not {test_key!r}")
    return f"evidence-{test_key}"


async def put_evidence(
    registry: Registry, repository: str, evidence: Evidence, *, signer: Signer | None = None
) -> str:
    """Store the evidence of a passed smoke test, signed if there is a key; return its manifest's digest.

    Raises ValueError for one that proves nothing: a check that did not pass, or none that did.
    """
    if not _proves(evidence.checks) or not is_digest(evidence.digest):
        told = ", ".join(f"{check.name} {check.verdict}" for check in evidence.checks) or "no checks"
        raise ValueError(f"no evidence for {evidence.digest!r}: {told}")
    document, media_type = statement(evidence), EVIDENCE_TYPE
    if signer is not None:
        document = signer.sign(canonical_json(document), payload_type=EVIDENCE_TYPE)
        media_type = ENVELOPE_TYPE
    return await put_document(
        registry,
        repository,
        evidence_tag(evidence.test_key),
        document,
        artifact_type=EVIDENCE_TYPE,
        media_type=media_type,
        annotations={"in-toto.io/predicate-type": TEST_RESULT},
    )


async def find_evidence(
    registry: Registry, repository: str, test_key: str, digest: str, *, trust: Trust | None = None
) -> Evidence | None:
    """Evidence of this test key for this digest, or None: a statement about anything else is none.

    With ``trust`` only a statement that its key signed counts.
    """
    document = await get_document(registry, repository, evidence_tag(test_key), artifact_type=EVIDENCE_TYPE)
    if document is None:
        return None
    try:
        found = open_statement(document, trust)
    except SignatureError:
        return None
    return found if found is not None and (found.test_key, found.digest) == (test_key, digest) else None


def open_statement(document: Mapping[str, Any], trust: Trust | None) -> Evidence | None:
    """The evidence in a document, in an envelope or bare; None if it is none of a passed test.

    With ``trust``, raises SignatureError for what its key did not sign, UnsignedError for a bare one.
    """
    if trust is not None:
        if not is_envelope(document):
            raise UnsignedError("it is not signed")
        return read_statement(_parsed(trust.open(document, payload_type=EVIDENCE_TYPE)))
    return read_statement(_parsed(unchecked_payload(document)) if is_envelope(document) else document)


def _parsed(payload: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(payload or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def statement(evidence: Evidence) -> dict[str, Any]:
    """The in-toto statement of an evidence."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": evidence.repository, "digest": {"sha256": evidence.digest.partition(":")[2]}}],
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": "PASSED",
            "configuration": [{"name": "test-key", "digest": {"sha256": evidence.test_key}}],
            "passedTests": [check.name for check in evidence.checks if check.verdict is Verdict.PASSED],
            "suite": evidence.suite,
            "service": evidence.service,
            "checks": [check.model_dump(mode="json") for check in evidence.checks],
            "seconds": evidence.seconds,
            "buildSeconds": evidence.build_seconds,
            "buildKey": evidence.build_key,
            "engine": evidence.engine,
            "builder": evidence.builder,
            "commit": evidence.commit,
        },
    }


def read_statement(document: Mapping[str, Any]) -> Evidence | None:
    """The evidence in a statement, or None if it is not one of a passed test about exactly one image."""
    try:
        (subject,), (configuration,) = document["subject"], document["predicate"]["configuration"]
        predicate = document["predicate"]
        kind = (document["_type"], document["predicateType"], predicate["result"])
        if kind != (STATEMENT, TEST_RESULT, "PASSED"):
            return None
        checks = tuple(Check.model_validate(check) for check in predicate["checks"])
        found = Evidence(
            repository=str(subject["name"]),
            digest=f"sha256:{subject['digest']['sha256']}",
            service=str(predicate["service"]),
            test_key=str(configuration["digest"]["sha256"]),
            build_key=str(predicate["buildKey"]),
            suite=str(predicate["suite"]),
            checks=checks,
            seconds=float(predicate["seconds"]),
            build_seconds=float(predicate.get("buildSeconds", 0.0)),  # NB: added later
            engine=str(predicate["engine"]),
            builder=str(predicate["builder"]),
            commit=str(predicate["commit"]),
        )
    except (KeyError, TypeError, ValueError, ValidationError):
        return None
    return found if _proves(checks) else None


def _proves(checks: tuple[Check, ...]) -> bool:
    """Whether something passed and nothing else happened; a skipped check (no GPU) takes nothing away."""
    verdicts = {check.verdict for check in checks}
    return Verdict.PASSED in verdicts and verdicts <= {Verdict.PASSED, Verdict.SKIPPED}
