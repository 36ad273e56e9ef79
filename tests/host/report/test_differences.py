"""What differs from a run, and what `pipeline reproduce` has nothing to do for."""

import os
import subprocess
from pathlib import Path

import pytest
from runs import GREEN, RED

from pipeline.host.command import main
from pipeline.host.kept import Begun
from pipeline.host.report.again import Ground, call_words
from pipeline.host.report.differences import find_differences
from pipeline.host.work_tree import changes_of
from pipeline.reporting.model import Finding, Run, Verdict
from pipeline.reporting.views import all_views, show_json


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/fleet.toml").write_text("")
    who = {f"GIT_{role}_{what}": "t@t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "start"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], env={**os.environ, **who}, check=True)
    return tmp_path


def _head(repository: Path) -> str:
    command = ["git", "-C", str(repository), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_nothing_differs_at_the_commit_of_the_run(repository: Path) -> None:
    run = RED.model_copy(update={"commit": _head(repository)})
    assert find_differences(run, [], Ground(source=repository / "fleet"), repository) == []


@pytest.mark.parametrize(
    ("commit", "told"),
    [("9c99cc9" + "0" * 33, "commit: 9c99cc9 in the run, "), ("", "commit: the run does not say")],
    ids=["another", "unknown"],
)
def test_another_commit(repository: Path, commit: str, told: str) -> None:
    run = RED.model_copy(update={"commit": commit})
    [line] = find_differences(run, [], Ground(source=repository / "fleet"), repository)
    assert line.startswith(told)


def test_files_that_are_not_committed(repository: Path) -> None:
    (repository / "fleet/new").write_text("")
    (repository / "beside").write_text("")
    run = RED.model_copy(update={"commit": _head(repository)})
    [line] = find_differences(run, [], Ground(source=repository / "fleet"), repository)
    assert line.startswith("work tree: 1 file under")


def test_what_a_run_has_left_in_the_fleet_is_no_change_of_it(repository: Path) -> None:
    source = repository / "fleet"
    run = RED.model_copy(update={"commit": _head(repository)})
    begun = Begun(source=str(source), commit=_head(repository), changes=changes_of(source))
    for folder in (source / "out", source / "deep/österreich 2"):
        folder.mkdir(parents=True)
        for name, content in all_views(run).items():
            (folder / name).write_text(content)
    for ground in (Ground(source=source), Ground(source=source, begun=begun)):
        assert find_differences(run, [], ground, repository) == []
    assert begun.changes == ""


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param("out/model.bin", "", id="another file beside results"),
        pytest.param("report.html", "", id="a name of ours without a run"),
        pytest.param("run.json", '{"version": 4}', id="no run"),
        pytest.param("run.json/x", "", id="a folder of that name"),
        pytest.param("fleet.toml", "# edited", id="a file that git knows"),
    ],
)
def test_a_file_beside_results_is_a_change(repository: Path, path: str, content: str) -> None:
    source = repository / "fleet"
    run = RED.model_copy(update={"commit": _head(repository)})
    begun = Begun(source=str(source), commit=_head(repository), changes=changes_of(source))
    (source / "out").mkdir()
    (source / "out/run.json").write_text(show_json(run))
    (source / path).parent.mkdir(exist_ok=True)
    (source / path).write_text(content)
    [line] = find_differences(run, [], Ground(source=source, begun=begun), repository)
    assert line == f"work tree: not as it was in the run: 1 file under {source} not as committed"


@pytest.mark.parametrize("run", [RED, RED.model_copy(update={"commit": ""})], ids=["told", "not told"])
def test_a_run_of_this_machine_knows_its_commit_and_what_was_changed(repository: Path, run: Run) -> None:
    source = repository / "fleet"
    run = run.model_copy(update={"commit": run.commit and _head(repository)})
    (source / "new").write_text("")
    begun = Begun(source=str(source), commit=_head(repository), changes=changes_of(source))
    ground = Ground(source=source, begun=begun)
    assert begun.changes
    assert find_differences(run, [], ground, repository) == []
    (source / "fleet.toml").write_text("# edited")
    [line] = find_differences(run, [], ground, repository)
    assert line.startswith("work tree: not as it was in the run: 2 files under")


def test_what_is_called_again_names_the_secrets_that_the_run_was_given(tmp_path: Path) -> None:
    begun = Begun(source="/elsewhere", flags=("--token", "env:GHCR_TOKEN"))
    words = call_words(Ground(source=tmp_path, begun=begun), ["--registry", "r", "plan"])
    assert words[-8:] == [
        *("call", "--source", str(tmp_path), "--token", "env:GHCR_TOKEN", "--registry", "r", "plan")
    ]
    assert call_words(Ground(source=tmp_path), ["plan"])[-4:] == ["call", "--source", str(tmp_path), "plan"]


def test_settings_of_this_machine(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_REGISTRY", "localhost:5000")
    monkeypatch.setenv("PIPELINE_ORGANISATION", "example")
    run = RED.model_copy(update={"commit": _head(repository), "flags": ("--organisation", "example")})
    assert find_differences(run, [], Ground(source=repository / "fleet"), repository) == [
        "--registry: the catalog's in the run, 'localhost:5000' here (PIPELINE_REGISTRY or .env)"
    ]


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    [line] = find_differences(RED, [], Ground(source=tmp_path), tmp_path)
    assert line == f"commit: 9c99cc9 in the run; {tmp_path} is in no git repository"


def test_a_green_run_has_nothing_to_repeat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text(show_json(GREEN))
    assert main(["reproduce", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "nothing failed in this run\n"


def test_a_wrong_flag_that_no_run_records_is_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = Finding(rule="usage", severity="error", subject="--jobs", message="0 jobs do nothing")
    run = Run(fleet="f", function="build-all", verdict=Verdict.FAILED, findings=(wrong,))
    (tmp_path / "run.json").write_text(show_json(run))
    assert main(["reproduce", str(tmp_path)]) == 2
    assert "correct the flag, and call again" in capsys.readouterr().err


def test_an_image_that_the_run_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text(show_json(RED))
    assert main(["reproduce", str(tmp_path), "--image", "nobody"]) == 2
    assert "use one of: family-torch-cu121, model_ops_coordinator" in capsys.readouterr().err
