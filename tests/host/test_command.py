"""The table of subcommands."""

import importlib.util
import subprocess
import sys

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
