"""Statements and records as values: what survives being written and read, and what is not believed."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline.registry.documents.evidence import Evidence, read_statement, statement
from pipeline.registry.documents.record import Facts, Record, Released, read_record, write_record
from pipeline.registry.oci.media import Descriptor, artifact_manifest, canonical_json
from pipeline.reporting.model import Check, Verdict

DIGEST = f"sha256:{'a' * 64}"
KEY = "b" * 64
EVIDENCE = Evidence(
    repository="ghcr.io/org/x",
    digest=DIGEST,
    service="STTService",
    test_key=KEY,
    build_key="c" * 64,
    suite="smoke 1",
    checks=(
        Check(name="health", verdict=Verdict.PASSED, seconds=1.5, detail="200"),
        Check(name="gpu", verdict=Verdict.SKIPPED),
    ),
    seconds=2.25,
    build_seconds=31.5,
    engine="local",
    builder="ci",
    commit="9c99cc9",
)
RECORD = Record(
    tag="20250810-9c99cc9",
    facts=Facts(fleet="mainpc", commit="9c99cc9", commit_date="2025-08-10T00:00:00Z"),
    units=(
        Released(kind="family", name="f", repository="ghcr.io/org/f", digest=DIGEST),
        Released(kind="image", name="a", repository="ghcr.io/org/a", digest=DIGEST, build_key=KEY),
        Released(kind="image", name="b", repository="ghcr.io/org/b", digest=DIGEST, evidence={"S": KEY}),
    ),
)


def test_a_statement_is_read_as_it_was_written() -> None:
    assert read_statement(json.loads(canonical_json(statement(EVIDENCE)))) == EVIDENCE


def test_a_statement_of_before_builds_were_timed_is_read() -> None:
    document = copy.deepcopy(statement(EVIDENCE))
    del document["predicate"]["buildSeconds"]
    assert read_statement(document) == replace(EVIDENCE, build_seconds=0.0)


def test_a_statement_has_the_form_of_in_toto() -> None:
    written = statement(EVIDENCE)
    assert written["_type"] == "https://in-toto.io/Statement/v1"
    assert written["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert written["subject"] == [{"name": "ghcr.io/org/x", "digest": {"sha256": "a" * 64}}]
    assert written["predicate"]["result"] == "PASSED"
    assert written["predicate"]["passedTests"] == ["health"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("_type",), "https://in-toto.io/Statement/v0.1", id="other statement"),
        pytest.param(("predicateType",), "https://slsa.dev/provenance/v1", id="other predicate"),
        pytest.param(("predicate", "result"), "FAILED", id="failed"),
        pytest.param(("predicate", "result"), "WARNED", id="warned"),
        pytest.param(("predicate", "checks", 0, "verdict"), "failed", id="a failed check"),
        pytest.param(("predicate", "checks", 0, "verdict"), "fine", id="no verdict"),
        pytest.param(("predicate", "checks"), None, id="no checks"),
        pytest.param(("predicate", "configuration"), [], id="no test key"),
        pytest.param(("predicate", "seconds"), "long", id="no number"),
        pytest.param(("subject",), [], id="about nothing"),
        pytest.param(("subject", 0, "digest"), {}, id="no digest"),
        pytest.param(("predicate",), None, id="no predicate"),
    ],
)
def test_a_statement_that_proves_nothing_is_no_evidence(path: tuple[Any, ...], value: object) -> None:
    document = copy.deepcopy(statement(EVIDENCE))
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert read_statement(document) is None


def test_a_statement_about_two_images_is_no_evidence() -> None:
    document = statement(EVIDENCE)
    document["subject"] *= 2
    assert read_statement(document) is None


def test_a_record_is_read_as_it_was_written() -> None:
    assert read_record(json.loads(canonical_json(write_record(RECORD)))) == RECORD


def test_equal_releases_have_equal_bytes() -> None:
    turned = Record(tag=RECORD.tag, facts=RECORD.facts, units=RECORD.units[::-1])
    assert canonical_json(write_record(turned)) == canonical_json(write_record(RECORD))
    assert "created" not in json.dumps(write_record(RECORD)).lower()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"version": 2}, id="newer version"),
        pytest.param({"images": None}, id="no images"),
        pytest.param({"images": [{}]}, id="empty image"),
        pytest.param({"images": ["x"]}, id="image is text"),
        pytest.param({"families": [{"name": "f"}]}, id="half a family"),
    ],
)
def test_what_is_no_record_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not a record|version"):
        read_record({**write_record(RECORD), **change})
    with pytest.raises(ValueError, match="not a record"):
        read_record({})


def test_an_artifact_has_the_form_of_the_image_specification() -> None:
    layer = Descriptor(media_type="application/json", digest=DIGEST, size=3)
    manifest = artifact_manifest(artifact_type="application/x", layer=layer.as_json(), annotations={})
    assert manifest.content == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/x",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [{"mediaType": "application/json", "digest": DIGEST, "size": 3}],
    }
