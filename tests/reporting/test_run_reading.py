"""run.json: read again in any version up to ours, refused with a reason otherwise; its schema is kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from runs import GREEN, RED

from pipeline.errors import UsageError
from pipeline.reporting.model import MODEL_VERSION, Run
from pipeline.reporting.read import read_run
from pipeline.reporting.schema import show_schema
from pipeline.reporting.views import show_json

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "run.schema.json"
OLD = {"version": 1, "fleet": "f", "function": "run", "verdict": "passed"}


def changed(**values: Any) -> str:
    """RED's document with other values."""
    return json.dumps({**json.loads(show_json(RED)), **values})


@pytest.mark.parametrize("run", [RED, GREEN], ids=["red", "green"])
def test_a_run_is_read_as_it_was_written(run: Run) -> None:
    assert read_run(show_json(run)) == run


def test_an_older_version_is_read() -> None:
    assert read_run(json.dumps(OLD)).units == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        ("[]", "no version"),
        ("{}", "no version"),
        ('{"version": "2"}', "no version"),
        ('{"version": 1}', "fleet: Field required"),
        (changed(flet="x"), "flet: Extra inputs are not permitted"),
        (changed(verdict="green"), "verdict: Input should be"),
        (changed(version=MODEL_VERSION + 1, new="x"), f"version {MODEL_VERSION + 1} of the run model"),
    ],
    ids=["empty", "list", "nothing", "text-version", "too-little", "too-much", "verdict", "newer"],
)
def test_what_cannot_be_read_says_why(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_run(text, where="old/run.json")
    assert says in caught.value.what
    assert caught.value.where == "old/run.json"
    assert caught.value.next_step


def test_the_schema_is_the_models() -> None:
    assert SCHEMA.read_text() == show_schema(), "python -m pipeline.reporting.schema > docs/reference/…"


@pytest.mark.parametrize(
    ("document", "valid"),
    [
        (show_json(RED), True),
        (show_json(GREEN), True),
        (json.dumps(OLD), True),
        (changed(flet="x"), False),
        (changed(verdict="green"), False),
        (changed(units=[{"name": "x"}]), False),
    ],
    ids=["red", "green", "old", "too-much", "verdict", "unit"],
)
def test_the_schema_tells_a_run_from_what_is_none(document: str, valid: bool) -> None:
    assert Draft202012Validator(json.loads(show_schema())).is_valid(json.loads(document)) is valid
