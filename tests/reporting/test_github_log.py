"""GitHub's log of a run: what a runner would obey, whatever the services printed."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from runs import GREEN, PORT_FINDING, RED, UNLINTED, golden
from test_run_views import with_log

from pipeline.reporting.github import MOST_ANNOTATIONS, annotations, show_github
from pipeline.reporting.model import Run

TOKEN = "0123456789abcdef"
COMMAND = re.compile(r"::([\w-]+)([^:]*|.*?)::(.*)")


def obeyed(text: str) -> list[str]:
    """The names of the commands that a runner obeys (github.com/actions/runner, ActionCommandManager.cs).

    It takes any line that starts with ``::`` (blanks before it do not count) or that has ``##[`` anywhere.
    """
    found: list[str] = []
    stopped = ""
    for line in re.split(r"\r\n|\r|\n", text):
        match = COMMAND.match(line.lstrip())
        if stopped:
            stopped = "" if match and match[1] == stopped else stopped
        elif match:
            found.append(match[1])
            stopped = match[3] if match[1] == "stop-commands" else ""
        elif "##[" in line:
            found.append(line)
    return found


def test_a_red_run_is_the_golden_file() -> None:
    assert show_github(RED, token=TOKEN) == golden("red.github.txt")


def test_the_runner_obeys_groups_and_annotations_only() -> None:
    names = obeyed(golden("red.github.txt"))
    assert set(names) == {"group", "endgroup", "stop-commands", "error", "warning"}
    assert names.count("group") == names.count("endgroup") == len(RED.units)
    assert names.count("error") == 1


@given(st.text())
@example("::set-output name=x::y")
@example("\n::add-mask::a\r::stop-commands::x\n##[error]x")
@example(f"::{TOKEN[:-1]}::\n::error::x")
def test_nothing_that_a_service_prints_is_obeyed(line: str) -> None:
    names = obeyed(show_github(with_log(line), token=TOKEN))
    assert names == ["group", "stop-commands", "endgroup", "error", "stop-commands"]


def test_an_annotation_stands_on_the_line_that_caused_it() -> None:
    notes = annotations(RED)
    places = [(note.level, note.file, note.line) for note in notes]
    assert places == [
        ("error", "fleet/fleet.toml", 71),
        ("warning", "fleet/main_pc_code/Dockerfile.speech_pipeline", 12),
    ]
    assert [note.file for note in annotations(UNLINTED)] == ["vision suite/Dockerfile", PORT_FINDING.file]


def test_github_takes_only_so_many_annotations() -> None:
    many = UNLINTED.model_copy(update={"findings": UNLINTED.findings * 30})
    levels = [note.level for note in annotations(many)]
    assert levels == ["error"] * MOST_ANNOTATIONS + ["warning"] * MOST_ANNOTATIONS


@pytest.mark.parametrize("run", [RED, GREEN, UNLINTED], ids=["red", "green", "unlinted"])
def test_the_line_that_reproduces_is_last_of_all(run: Run) -> None:
    lines = [line for line in show_github(run, token=TOKEN).splitlines() if not line.startswith("::")]
    assert lines[-1].startswith("  reproduce: dagger call ") or run.verdict != "failed"
