"""The table of subcommands."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.host.command import COMMANDS, main

SLOW = ("dagger", "aiohttp", "rich", "graphql", "httpx", "pydantic", "asyncio", "pipeline.errors")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str):
    assert COMMANDS[name].load()


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]], ids=str)
def test_help_names_every_command(argv: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(argv) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize(("word", "guess"), [("cal", ', did you mean "call"?'), ("zzz", ' for "pipeline"\n')])
def test_an_unknown_command_is_refused(word: str, guess: str, capsys: pytest.CaptureFixture[str]):
    assert main([word]) == 2
    assert guess in capsys.readouterr().err


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("pipeline 0.")


def test_help_imports_nothing_slow():
    code = "import sys; from pipeline.host.command import main; main(['--help']); print(sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not [each for each in SLOW if f"'{each}'" in shown]
    assert all(importlib.util.find_spec(each) for each in SLOW), (
        "a name here that is no module would prove nothing"
    )


@pytest.mark.parametrize("words", [["functions"], ["completion", "bash"]], ids=" ".join)
def test_a_full_disk_for_what_is_printed_is_told_without_a_traceback(words: list[str]):
    with Path("/dev/full").open("w") as full:
        code = "import sys; from pipeline.host.command import main; sys.exit(main(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", code, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: there is no room for what is printed: No space left on device\n"
