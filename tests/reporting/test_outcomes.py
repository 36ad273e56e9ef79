"""What a run comes to: exit codes by kind of failure, changes, failure blocks of the run itself."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from runs import DIGEST, GREEN, MOC, RED, REFUSED, UNLINTED, golden

from pipeline import errors
from pipeline.reporting.changes import find_changes, in_words
from pipeline.reporting.markdown import Links, show_step_summary
from pipeline.reporting.model import Failure, Finding, Run, Stage, UnitRun, Verdict
from pipeline.reporting.outcome import EXIT_CODES, OTHERWISE, exit_code, kind_of
from pipeline.reporting.terminal import show_summary
from pipeline.reporting.words import failures


def _failed(*units: UnitRun, findings: Sequence[Finding] = ()) -> Run:
    return Run(fleet="f", function="run", verdict=Verdict.FAILED, units=units, findings=tuple(findings))


def _broken(stage: str) -> UnitRun:
    failure = Failure(subject="u", stage=stage, what="x")
    return UnitRun(
        kind="image", name="u", decision="build", because="", verdict=Verdict.FAILED, failure=failure
    )


def _error(rule: str, subject: str = "") -> Finding:
    return Finding(rule=rule, severity="error", subject=subject, message="x")


@pytest.mark.parametrize(
    ("run", "kind", "code"),
    [
        (GREEN, "", 0),
        (RED, "smoke", 12),
        (UNLINTED, "lint", 10),
        (REFUSED, "lookup", 4),
        (_failed(_broken("build"), _broken("smoke")), "build", 11),
        (_failed(_broken("candidate")), "candidate", 13),
        (_failed(findings=[_error("catalog")]), "catalog", 3),
        (_failed(findings=[_error("usage")]), "command line", 2),
        (_failed(findings=[_error("engine")]), "engine", 6),
        (_failed(findings=[_error("release")]), "release", 5),
        (_failed(), "", OTHERWISE),
    ],
    ids=lambda value: value.function if isinstance(value, Run) else str(value),
)
def test_each_kind_of_failure_has_its_exit_code(run: Run, kind: str, code: int) -> None:
    assert (kind_of(run), exit_code(run)) == (kind, code)


def test_no_two_kinds_share_a_code_and_errors_have_the_same_codes() -> None:
    codes = list(EXIT_CODES.values())
    assert len(set(codes)) == len(codes)
    assert not {0, OTHERWISE} & set(codes)
    pairs = {"catalog": "CatalogError", "lookup": "RegistryError", "release": "ReleaseError"}
    pairs |= {"engine": "EngineError", "command line": "UsageError"}
    assert {kind: getattr(errors, name).exit_code for kind, name in pairs.items()} == {
        kind: EXIT_CODES[kind] for kind in pairs
    }


@pytest.mark.parametrize("name", ["unlinted", "refused"])
def test_what_ended_a_run_is_told_as_a_failure_block(name: str) -> None:
    assert show_summary({"unlinted": UNLINTED, "refused": REFUSED}[name]) == golden(f"{name}.txt")


def test_changes_against_the_deployed_release() -> None:
    [found] = find_changes(RED)
    told = {change.name: in_words(change) for change in found.changes}
    assert told == {
        "model_ops_coordinator": "changed: sha256:efefefefefef → sha256:abababababab, 2.1 GB → 2.4 GB, "
        "build 1 min 58 s → 3 min 50 s, ready 0.4 s → 0.7 s, smoke 0.8 s → 1.0 s",
        "retired_suite": "gone: sha256:abababababab → -",
    }
    assert (found.against, found.same) == ("release 20250809-1111111 (canary)", 1)


def _took(unit: UnitRun, seconds: float, digest: str = DIGEST) -> UnitRun:
    stages = (Stage(name="build", start=0, seconds=seconds),)
    return unit.model_copy(update={"digest": digest, "built": seconds, "stages": stages})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(_took(MOC, 10), _took(MOC, 10.5), [], id="as before"),
        pytest.param(_took(MOC, 10), _took(MOC, 20), ["slower: build 10 s → 20 s"], id="slower"),
        pytest.param(_took(MOC, 20), _took(MOC, 10), ["faster: build 20 s → 10 s"], id="faster"),
        pytest.param(_took(MOC, 0.1), _took(MOC, 0.9), [], id="too short to tell"),
        pytest.param(_took(MOC, 0.0), _took(MOC, 30), [], id="was reused"),
        pytest.param(
            MOC,
            _took(MOC, 9, ""),
            ["rebuilt: sha256:abababababab → -, build 3 min 50 s → 9.0 s"],
            id="not pushed",
        ),
    ],
)
def test_changes_against_an_earlier_run(before: UnitRun, after: UnitRun, told: list[str]) -> None:
    earlier, run = (
        Run(fleet="f", function="run", verdict=Verdict.PASSED, units=(u,)) for u in (before, after)
    )
    [found] = find_changes(run, [earlier])
    assert [in_words(change) for change in found.changes] == told


def test_a_run_of_a_part_says_nothing_of_the_rest() -> None:
    part = RED.model_copy(update={"arguments": ("--only", "model_ops_coordinator"), "units": (MOC,)})
    assert "gone" not in {change.what for found in find_changes(part) for change in found.changes}


LINKS = Links(
    repository="https://github.com/o/r", commit="9c99cc9", run="https://github.com/o/r/actions/runs/7"
)


def test_the_step_summary_links_lines_commit_and_run() -> None:
    shown = show_step_summary(RED, links=LINKS)
    assert "(https://github.com/o/r/blob/9c99cc9/fleet/fleet.toml#L71)" in shown
    assert f"(https://github.com/o/r/commit/{RED.commit})" in shown
    assert "(https://github.com/o/r/actions/runs/7)" in shown
    assert "vision%20suite/Dockerfile#L3" in show_step_summary(UNLINTED, links=LINKS)


@pytest.mark.parametrize("limit", [60_000, 6_000, 1_000])
def test_the_step_summary_stays_within_what_github_takes(limit: int) -> None:
    failure = Failure(subject="u", stage="build", what="ä" * 50, log=("ü" * 200,) * 20)
    units = tuple(_broken("build").model_copy(update={"failure": failure}) for _ in range(20))
    shown = show_step_summary(_failed(*units), links=Links(), limit=limit)
    assert len(shown.encode()) <= limit
    assert shown.startswith("## f: run ❌ failed")
    assert ("see the artifact" in shown) == (limit == 1_000)


def test_the_documentation_has_every_exit_code() -> None:
    page = (Path(__file__).parents[2] / "docs/runs.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| ([\w ]+)", page, re.MULTILINE))
    assert {int(code): kind.strip() for code, kind in rows.items() if int(code) > OTHERWISE} == {
        code: kind for kind, code in EXIT_CODES.items()
    }


@pytest.mark.parametrize(
    ("flag", "line"),
    [
        pytest.param("--only", ("build-all", "--only", "alpah"), id="of the function: recorded"),
        pytest.param("--jobs", (), id="of the module: not recorded"),
    ],
)
def test_a_line_repeats_a_wrong_flag_only_where_it_has_it(flag: str, line: tuple[str, ...]) -> None:
    run = _failed(findings=[_error("usage", flag)]).model_copy(update={"arguments": ("--only", "alpah")})
    [block] = failures(run)
    assert block.reproduce == line
