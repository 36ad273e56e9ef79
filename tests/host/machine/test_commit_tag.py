"""`pipeline tag` in real repositories."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import ReleaseError
from pipeline.host.machine.tag import main, next_tag

DATE = "2025-08-10T23:30:00-05:00"  # the 11th in UTC


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    _git(tmp_path, "init", "-q", "-b", "main")
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    (fleet / "service.py").write_text("print()\n")
    (tmp_path / "README.md").write_text("x\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "start")
    return tmp_path


def _git(directory: Path, *arguments: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    environ = {
        **os.environ,
        **identity,
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": DATE,
    }
    environ |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    command = ["git", "-C", str(directory), *arguments]
    return subprocess.run(command, check=True, env=environ, capture_output=True, text=True).stdout.strip()


def test_the_tag_is_the_commits_date_in_utc_and_seven_digits(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = _git(repository, "rev-parse", "HEAD")
    assert main(["--source", str(repository / "fleet")]) == 0
    assert capsys.readouterr().out == f"20250811-{commit[:7]}\n"
    assert main(["--source", str(repository / "fleet"), "--json"]) == 0
    expected = {"tag": f"20250811-{commit[:7]}", "commit": commit, "date": "2025-08-11T04:30:00Z"}
    assert json.loads(capsys.readouterr().out) == expected
    assert main(["--source", str(repository / "fleet"), "--flags"]) == 0
    flags = f"--tag 20250811-{commit[:7]} --commit {commit} --commit-date 2025-08-11T04:30:00Z\n"
    assert capsys.readouterr().out == flags


@pytest.mark.parametrize(
    ("path", "is_refused"),
    [
        pytest.param("fleet/service.py", True, id="changed in the fleet"),
        pytest.param("README.md", True, id="changed elsewhere"),
        pytest.param("fleet/new.py", True, id="untracked in the fleet"),
        pytest.param("fleet/sub/ünïcode name.py", True, id="untracked with an odd name"),
        pytest.param("fleet/x.log", False, id="ignored in the fleet"),
        pytest.param("notes.txt", False, id="untracked elsewhere"),
    ],
)
def test_what_is_not_committed_is_refused_by_name(
    repository: Path, capsys: pytest.CaptureFixture[str], path: str, is_refused: bool
) -> None:
    file = repository / path
    file.parent.mkdir(exist_ok=True)
    file.write_text("changed\n")
    code = main(["--source", str(repository / "fleet")])
    printed = capsys.readouterr()
    assert code == (5 if is_refused else 0)
    assert (Path(path).name in printed.err) is is_refused
    assert (printed.out == "") is is_refused


@pytest.mark.parametrize(
    "command", [("add", "."), ("rm", "-q", "--cached", "fleet/service.py")], ids=["added", "removed"]
)
def test_what_is_only_staged_is_refused_too(repository: Path, command: tuple[str, ...]) -> None:
    (repository / "staged.txt").write_text("x\n")
    _git(repository, *command)
    assert main(["--source", str(repository / "fleet")]) == 5


def test_many_files_are_counted(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(15):
        (repository / "fleet" / f"n{number:02}").write_text("x")
    assert main(["--source", str(repository / "fleet")]) == 5
    assert "+5 more" in capsys.readouterr().err


def test_without_a_commit_or_a_repository_it_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--source", str(tmp_path)]) == 5
    assert "not a git repository" in capsys.readouterr().err
    _git(tmp_path, "init", "-q")
    assert main(["--source", str(tmp_path)]) == 5
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("taken", "tag"),
    [
        ([], "20250811-9c99cc9"),
        (["20250811-1111111"], "20250811-9c99cc9"),
        (["20250811-9c99cc9"], "20250811-9c99cc9.1"),
        (["20250811-9c99cc9", "20250811-9c99cc9.1", "20250811-9c99cc9.3"], "20250811-9c99cc9.2"),
    ],
    ids=["nothing", "another commit", "released", "with a gap"],
)
def test_the_same_commit_again_takes_the_next_suffix(taken: list[str], tag: str) -> None:
    assert next_tag("20250811-9c99cc9", taken) == tag


def test_what_is_released_comes_from_status(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--source", str(repository / "fleet"), "--status", str(repository.parent / "status.json")]
    assert main(words) == ReleaseError.exit_code
    assert "does not say what is released" in capsys.readouterr().err
    tag = f"20250811-{_git(repository, 'rev-parse', 'HEAD')[:7]}"
    (repository.parent / "status.json").write_text(json.dumps({"releases": [tag]}))
    assert main(words) == 0
    assert capsys.readouterr().out == f"{tag}.1\n"
