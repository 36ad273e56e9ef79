"""Shell completion: what is offered, and a real bash that is typed into."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.host.command import COMMANDS
from pipeline.host.completion import candidates as asking
from pipeline.host.completion.candidates import candidates
from pipeline.host.completion.main import SHELLS, main
from pipeline.host.completion.reflect import FILES
from pipeline.host.completion.remember import remembered

BIN = Path(sys.executable).parent


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is remembered from before, in a folder where the project's own module is the nearest."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def offered(line: str) -> list[str]:
    """The names offered at the end of a command line."""
    *before, current = line.split(" ")
    return [name for name, _ in candidates(before, current)]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", [*COMMANDS]),
        ("ga", ["gate"]),
        ("zzz", []),
        ("call build", ["build-all"]),
        ("call --jobs 4 build", ["build-all"]),
        ("call --jobs=4 build", ["build-all"]),
        ("call --quiet build", ["build-all"]),
        ("call build-all --can", ["--candidates"]),
        ("call --reg", ["--registry"]),
        ("call plan --format ", ["BAKE", "COMMANDS", "JSON", "MATRIX", "TABLE"]),
        ("call plan --format=J", ["--format=JSON"]),
        ("call --progress p", ["plain"]),
        ("call --token f", ["file://"]),
        ("call --source ", [":files"]),
        ("call -o ", [":files"]),
        ("call image --name x smo", ["smoke"]),
        ("call image --name x container with-exec --use", ["--use-entrypoint"]),
        ("call image --name ", []),
        ("call nothing-of-ours ", []),
        ("functions im", ["image"]),
        ("check li", ["lint"]),
        ("check --", ["--list"]),
        ("tag --fl", ["--flags"]),
        ("setup --s", ["--source"]),
        ("init ", [":files"]),
        ("run ", [":files"]),
        ("completion b", ["bash"]),
    ],
)
def test_what_is_offered(line: str, names: list[str]):
    assert offered(line) == names


def test_fields_are_not_offered_as_functions():
    functions = offered("call ")
    assert "build-all" in functions
    assert not {"registry", "token", "source"} & {*functions}


def test_a_module_is_asked_once_until_its_files_change(tmp_path: Path):
    (tmp_path / "src" / "pack").mkdir(parents=True)
    source = tmp_path / "src" / "pack" / "main.py"
    source.write_text("")
    (tmp_path / "dagger.json").write_text('{"name": "x", "sdk": "python"}')
    asked: list[int] = []

    def find() -> tuple[tuple[str, str], ...]:
        asked.append(1)
        return (("name", "about"),)

    words = ["--mod", str(tmp_path)]
    assert [remembered(words, "words", find) for _ in range(3)] == [(("name", "about"),)] * 3
    assert len(asked) == 1
    os.utime(source, ns=(1, source.stat().st_mtime_ns + 1))
    assert remembered(words, "words", find)
    assert len(asked) == 2
    assert remembered(words, "flags", find)
    assert len(asked) == 3


def test_a_memory_that_cannot_be_read_or_written_is_done_without(
    cache: Path, monkeypatch: pytest.MonkeyPatch
):
    (cache / "pipeline").mkdir()
    (cache / "pipeline" / "completion.json").write_text("no JSON")
    assert offered("check l") == ["lint"]
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert offered("check l") == ["lint"]


def test_an_error_prints_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dagger.json").write_text("no JSON")
    assert asking.main(["call", ""]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_asks_for_candidates(shell: str, capsys: pytest.CaptureFixture[str]):
    assert main([shell]) == 0
    printed = capsys.readouterr().out
    assert "__complete" in printed
    assert FILES[0][0] in printed


Bash = Callable[[str], str]


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    """Types a line and a tab into a real bash; returns the line as it stands then."""
    home = tmp_path_factory.mktemp("home")
    (home / "a-directory").mkdir()
    environment = {"HOME": str(home), "TERM": "dumb", "PATH": f"{BIN}:/usr/bin:/bin", "PS1": "$ "}
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=home,
        env=environment,
        start_new_session=True,
    )
    os.close(follower)

    def read_until(mark: str) -> str:
        text, until = "", time.monotonic() + 60
        while mark not in text and time.monotonic() < until:
            if select.select([leader], [], [], 1)[0]:
                text += os.read(leader, 65536).decode()
        assert mark in text, text
        return text

    def complete(line: str) -> str:
        # NB: then to the beginning of the line, so that it is printed and not run.
        os.write(leader, f"{line}\t\x01printf '<%s>\\n' '\x05'; echo E''ND\r".encode())
        return re.findall(r"^<(.*)>\r$", read_until("END\r"), re.M)[0]

    plain = "bind 'set enable-bracketed-paste off' 2>/dev/null"
    os.write(leader, f"{plain}; source <(pipeline completion bash); echo RE''ADY\r".encode())
    read_until("READY\r")
    yield complete
    process.kill()  # NB: an interactive bash ignores SIGTERM
    process.wait(20)
    os.close(leader)


@pytest.mark.parametrize(
    ("typed", "stands"),
    [
        ("pipeline compl", "pipeline completion "),
        ("pipeline call build-", "pipeline call build-all "),
        (
            "pipeline call --token env:X build-all --cand",
            "pipeline call --token env:X build-all --candidates ",
        ),
        ("pipeline call plan --format=J", "pipeline call plan --format=JSON "),
        ("pipeline call --source a-d", "pipeline call --source a-directory/"),
    ],
)
def test_a_real_bash_completes(bash: Bash, typed: str, stands: str):
    assert bash(typed) == stands
