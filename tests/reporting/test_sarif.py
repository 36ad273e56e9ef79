"""SARIF: valid by a model that was generated from the schema, and stable from run to run."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from runs import GREEN, RED, REFUSED, UNLINTED, golden
from test_run_views import with_log

from pipeline.checks.show import show_findings
from pipeline.reporting.model import Run
from pipeline.reporting.sarif import show_sarif


def read(text: str) -> None:
    """Raises ValidationError for what the schema of SARIF 2.1.0 does not allow."""
    from pydantic_sarif.model import (  # noqa: PLC0415 - 0.3 s, and only these tests pay for it
        StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif,
    )

    Sarif.model_validate_json(text)


def test_a_red_run_is_the_golden_file() -> None:
    assert show_sarif(RED) == golden("red.sarif")


@pytest.mark.parametrize("run", [RED, GREEN, UNLINTED, REFUSED], ids=["red", "green", "unlinted", "refused"])
def test_a_run_is_valid(run: Run) -> None:
    read(show_sarif(run))


def test_lint_s_own_is_valid() -> None:
    read(show_findings(UNLINTED.findings, "sarif", folder="fleet"))


@pytest.mark.parametrize(
    ("key", "value"), [("version", "2.0.0"), ("runs", [{"tool": {}}]), ("runs", [{"results": []}])]
)
def test_the_model_refuses_what_the_schema_does_not_allow(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(json.dumps(json.loads(show_sarif(RED)) | {key: value}))


@given(st.text())
def test_no_log_line_breaks_it(line: str) -> None:
    read(show_sarif(with_log(line)))


def test_a_place_is_a_uri_within_the_repository() -> None:
    [result, *_] = json.loads(show_sarif(UNLINTED.model_copy(update={"folder": "fleet"})))["runs"][0][
        "results"
    ]
    [location] = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "fleet/vision%20suite/Dockerfile"


def test_a_failure_is_the_same_one_after_its_line_has_moved() -> None:
    def prints(run: Run) -> list[str]:
        results = json.loads(show_sarif(run))["runs"][0]["results"]
        return [result["partialFingerprints"]["pipeline/v1"] for result in results]

    moved = UNLINTED.findings[0].model_copy(update={"line": 30})
    assert prints(UNLINTED)[0] == prints(UNLINTED.model_copy(update={"findings": (moved,)}))[0]
    assert len(set(prints(RED))) == len(prints(RED))
