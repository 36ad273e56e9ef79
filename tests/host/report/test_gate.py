"""`pipeline gate` and `pipeline report`: in a terminal, in GitHub Actions, and where there is no run."""

import json
import re
from pathlib import Path

import pytest
from runs import GREEN, RED, golden

from pipeline.host.command import main
from pipeline.reporting.model import Run
from pipeline.reporting.views import FILES, FORMATS, all_views


@pytest.fixture(autouse=True)
def outside_of_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def _written(folder: Path, run: Run = RED) -> str:
    for name, content in all_views(run).items():
        (folder / name).write_text(content)
    return str(folder)


COMMAND = ("--command", "dagger call")


@pytest.mark.parametrize(("run", "code"), [(RED, 12), (GREEN, 0)], ids=["red", "green"])
def test_the_gate_ends_with_the_verdict(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], run: Run, code: int
) -> None:
    assert main(["gate", _written(tmp_path, run), *COMMAND]) == code
    assert capsysbinary.readouterr().out.decode() == all_views(run)["summary.txt"]


@pytest.mark.parametrize(("outcome", "code"), [("verified", 0), ("incomplete", 7), ("tampered", 8)])
def test_the_gate_ends_as_verify_found(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], outcome: str, code: int
) -> None:
    problem = {"outcome": outcome, "subject": "one", "what": "its evidence is gone"}
    told = [] if outcome == "verified" else [problem]
    document = {"tag": "T", "outcome": outcome, "exitCode": code, "problems": told, "signed": False}
    rest = {"units": 3, "evidence": 3, "smoke": [], "failures": []}
    path = tmp_path / "verify.json"
    path.write_text(json.dumps(document | rest))
    assert main(["gate", str(path)]) == code
    said = capsysbinary.readouterr().out.decode()
    assert said.startswith(f"T: {outcome}")
    assert ("its evidence is gone" in said) == bool(told)


def test_in_actions_it_writes_log_and_summary(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("earlier step\n")
    server = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
    for name, value in (server | {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "out").mkdir()
    assert main(["gate", _written(tmp_path / "out"), "--command", "dagger call -m x"]) == 12
    printed = capsysbinary.readouterr().out.decode()
    assert "::error file=fleet/fleet.toml,line=71," in printed
    assert "Reproduce: dagger call -m x image --name speech_pipeline" in printed
    assert printed.count("reproduce: dagger call -m x image") == 1
    shown = summary.read_text()
    assert shown.startswith("earlier step\n## mainpc: build-all")
    assert "```sh\ndagger call -m x image --name speech_pipeline" in shown
    assert "https://github.com/o/r/actions/runs/7" in shown


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param((), "dagger call image --name", id="this module"),
        pytest.param(
            ("--module", "github.com/o/pipeline@9c99cc9"),
            "dagger call -m github.com/o/pipeline@9c99cc9 image --name",
            id="another repository's",
        ),
        pytest.param(
            ("--module", "github.com/o/p@feature x", "--command", "dagger call --source fleet"),
            "dagger call -m 'github.com/o/p@feature x' --source fleet image --name",
            id="before the other flags",
        ),
    ],
)
@pytest.mark.parametrize("command", ["gate", "report"])
def test_a_line_names_the_module_that_it_needs(
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    command: str,
    words: tuple[str, ...],
    line: str,
) -> None:
    main([command, _written(tmp_path), *COMMAND, *words])
    assert f"reproduce: {line}" in capsysbinary.readouterr().out.decode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no such file"),
        ("{}", "it has no version"),
        ("[", "this is no JSON"),
    ],
    ids=["absent", "another", "not JSON"],
)
@pytest.mark.parametrize("command", ["gate", "report"])
def test_no_run_is_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    assert main([command, str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMATS)
def test_every_view_is_made_from_the_model_alone(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], form: str
) -> None:
    (tmp_path / "other.json").write_text(all_views(RED)["run.json"])
    words = ["report", str(tmp_path / "other.json"), "--format", form, *COMMAND]
    assert main(words) == 0
    printed = capsysbinary.readouterr().out.decode()
    by_format = {form: name for name, form in FILES.items()}
    if form in by_format:
        assert printed == all_views(RED)[by_format[form]]
    assert main([*words, "-o", str(tmp_path / "file")]) == 0
    assert (tmp_path / "file").read_text() == printed


def test_an_earlier_run_is_compared_with(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for name, run in (("before", GREEN), ("after", RED)):
        (tmp_path / name).mkdir()
        _written(tmp_path / name, run)
    main(["report", str(tmp_path / "after"), "--earlier", str(tmp_path / "before"), *COMMAND])
    assert b"against release of an earlier time: 1 changed" in capsysbinary.readouterr().out


def test_an_earlier_run_that_cannot_be_read_does_not_change_the_verdict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    newer = tmp_path / "newer.json"
    newer.write_text('{"version": 999}')
    words = [_written(tmp_path, GREEN), "--earlier", str(newer), *COMMAND]
    assert main(["gate", *words]) == 0
    assert f"Warning: not compared with {newer}: it is of version 999" in capfd.readouterr().err
    assert main(["report", *words]) == 2
    assert "version 999" in capfd.readouterr().err


def test_the_views_are_written_anew(tmp_path: Path) -> None:
    (tmp_path / "earlier.json").write_text(all_views(GREEN)["run.json"])
    words = ["--write", "--earlier", str(tmp_path / "earlier.json"), "--command", "pipeline call"]
    assert main(["gate", _written(tmp_path), *words]) == 12
    written = {name: (tmp_path / name).read_text() for name in FILES}
    assert written["run.json"] == all_views(RED)["run.json"]
    assert "The last 2 runs" in written["report.html"]
    assert "pipeline call image --name speech_pipeline" in written["report.html"]
    assert "against release of an earlier time" in written["summary.txt"]
    assert not [name for name, text in written.items() if "dagger call" in text]


@pytest.mark.parametrize(
    ("name", "value", "coloured"),
    [("FORCE_COLOR", "1", True), ("FORCE_COLOR", "", False), ("NO_COLOR", "1", False)],
)
@pytest.mark.parametrize("command", ["gate", "report"])
def test_colours_are_as_people_set_them(
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    name: str,
    value: str,
    coloured: bool,
) -> None:
    monkeypatch.setenv(name, value)
    main([command, _written(tmp_path), *COMMAND])
    printed = capsysbinary.readouterr().out.decode()
    assert ("\x1b[1;31mFAILED speech_pipeline" in printed) == coloured
    assert ("\x1b" in printed) == coloured
    assert not coloured or _without_colours(printed) == golden("red.txt")


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
