import json
from pathlib import Path

import pytest

from pipeline.catalog.load import load_catalog
from pipeline.checks.lint import catalog_findings
from pipeline.checks.rules import RULES
from pipeline.checks.show import show_findings
from pipeline.errors import CatalogError
from pipeline.reporting.model import Finding

FINDING = Finding(
    rule="copy-source",
    severity="error",
    file="speech/Dockerfile",
    line=7,
    subject="speech",
    message="50% of src, and: more\nis missing",
    consequence="the build fails",
    fix="correct the path",
)
WARNING = FINDING.model_copy(update={"severity": "warning", "rule": "user-root", "line": 0})


def test_text():
    assert show_findings([FINDING, WARNING], "text").splitlines()[-4:] == [
        *(
            "is missing [user-root]",
            "  so: the build fails",
            "  fix: correct the path",
            "1 error, 1 warning",
        ),
    ]
    assert show_findings([], "text") == "no findings\n"
    assert show_findings([FINDING, FINDING], "text").endswith("\n2 errors\n")


def test_what_successive_findings_share_is_said_once():
    other = FINDING.model_copy(update={"file": "b/Dockerfile", "message": "is gone"})
    unlike = other.model_copy(update={"fix": "another way"})
    said = show_findings([other, other, unlike], "text").splitlines()
    head = "b/Dockerfile:7: error: is gone [copy-source]"
    so = "  so: the build fails"
    assert said == [head, head, so, "  fix: correct the path", head, so, "  fix: another way", "3 errors"]


@pytest.mark.parametrize(
    ("place", "first"),
    [
        pytest.param({"file": "a/Dockerfile", "line": 7}, "a/Dockerfile:7: error: x [r]", id="line"),
        pytest.param({"file": "a/Dockerfile"}, "a/Dockerfile: error: x [r]", id="file"),
        pytest.param({"subject": "ghcr.io/org/x"}, "ghcr.io/org/x: error: x [r]", id="what it is about"),
        pytest.param({}, "error: x [r]", id="no place"),
    ],
)
def test_where_a_finding_is(place: dict[str, str | int], first: str):
    finding = Finding.model_validate({"rule": "r", "severity": "error", "message": "x", **place})
    assert show_findings([finding], "text").splitlines()[0] == first


def test_json():
    assert json.loads(show_findings([FINDING], "json")) == {"version": 1, "findings": [FINDING.model_dump()]}


def test_github_escapes_what_would_end_a_command():
    line, empty = show_findings([FINDING], "github", folder="fleet/").split("\n")
    assert empty == ""
    assert line.startswith(
        "::error file=fleet/speech/Dockerfile,line=7,title=copy-source::50%25 of src, and: more%0Ais"
    )
    odd = FINDING.model_copy(update={"file": "a,b:c%", "severity": "note"})
    assert show_findings([odd], "github").startswith("::notice file=a%2Cb%3Ac%25,line=7,")


def test_sarif_has_what_2_1_0_requires():
    sarif = json.loads(show_findings([FINDING, WARNING], "sarif", folder="fleet"))
    run = sarif["runs"][0]
    assert sarif["version"] == "2.1.0" and sarif["$schema"].endswith("sarif-2.1.0.json")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.id for rule in RULES]
    first, second = run["results"]
    assert (first["ruleId"], first["level"]) == ("copy-source", "error")
    place = first["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "fleet/speech/Dockerfile"}, "region": {"startLine": 7}}
    assert "region" not in second["locations"][0]["physicalLocation"]


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_machine_formats_of_nothing(form: str):
    assert json.loads(show_findings([], form))  # type: ignore[arg-type]


def test_mistakes_of_a_catalog_are_findings(tmp_path: Path):
    (tmp_path / "fleet.toml").write_text('[fleet]\nname = "x"\norganisation = "o"\ncolour = 1\n[image]\n')
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path)
    found = catalog_findings(caught.value)
    assert [(each.rule, each.severity, each.file) for each in found] == [
        ("catalog", "error", "fleet.toml")
    ] * 2
    assert "colour: unknown key" in found[0].message and "did you mean images?" in found[1].message


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[fleet]\nname = "x"\n\n[images.a]\ncolour = 1\n', [1, 4, 4, 4]),
        ('[fleet]\nname = "x"\norganisation = "o"\n\n[images.a\n', [5]),
        ('colour = 1\n[fleet]\nname = "x"\norganisation = "o"\n', [1]),
    ],
    ids=["in tables", "not TOML", "above the tables"],
)
def test_a_mistake_of_a_catalog_is_on_its_line(tmp_path: Path, text: str, lines: list[int]):
    (tmp_path / "fleet.toml").write_text(text)
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path)
    assert [each.line for each in catalog_findings(caught.value)] == lines
