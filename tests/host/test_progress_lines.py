"""Progress: the board of what goes on, and its forms."""

import io
import json
import logging

import pytest

from pipeline.host.progress import Progress
from pipeline.host.progress.board import Board, Line, from_event
from pipeline.stages.passage import waiting


def event(kind: str, name: str, text: str = "", seconds: float = 0.0) -> dict:
    return {"kind": kind, "name": name, "text": text, "stream": "", "seconds": seconds}


def stage(unit: str, name: str, status: str, seconds: float = 0.0) -> None:
    extra = {"unit": unit, "stage": name, "status": status, "seconds": seconds}
    logging.getLogger("pipeline").info(status, extra=extra)


def told(mode: str, *, verbose: int = 0, quiet: bool = False) -> str:
    stream = io.StringIO()
    progress = Progress(mode=mode, verbose=verbose, quiet=quiet, stream=stream)
    stage("speech", "build", "started")
    progress.event(event("step", "speech", "[2/3] RUN pip install"))
    progress.event(event("log", "speech", "::error::not a command"))
    stage("speech", "build", "passed", 2.5)
    logging.getLogger("pipeline.deeper").warning("odd")
    logging.getLogger("pipeline").debug("detail")
    progress.event(event("exec", "speech", "exit code 0", seconds=1))
    progress.close()
    stage("speech", "build", "unheard")
    return stream.getvalue()


@pytest.fixture(autouse=True)
def not_in_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


STATUSES = ["started", "running", "", "passed", "done"]
PLAIN = """\
speech: build started
speech: build passed (2.5 s)
pipeline.deeper: warning odd
"""


@pytest.mark.parametrize("mode", ["plain", "auto"])
def test_a_pipe_gets_a_line_for_each_change(mode: str):
    assert told(mode) == PLAIN


def test_output_and_steps_are_told_when_asked_for():
    shown = told("plain", verbose=1)

    assert "speech: step running [2/3] RUN pip install\nspeech: log ::error::not a command\n" in shown
    assert "pipeline: debug detail" in shown


def test_what_waits_is_a_row_with_its_reason_and_no_line():
    stream = io.StringIO()
    progress = Progress(mode="plain", verbose=0, stream=stream)
    with waiting("vision", "family-torch"):
        assert [(row.name, row.stage, row.text) for row in progress.board.rows()] == [
            ("vision", "wait", "waits for family-torch")
        ]
    assert progress.board.rows() == ()
    progress.close()
    assert stream.getvalue() == ""


def test_quiet_is_quiet():
    assert told("plain", quiet=True) == ""


def test_json_is_one_object_a_line():
    lines = [json.loads(each) for each in told("json").splitlines()]

    assert [each["status"] for each in lines if each["name"] == "speech"] == STATUSES
    assert lines[3]["seconds"] == 2.5


def test_actions_get_folded_groups(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = told("auto").splitlines()

    assert lines[:2] == ["speech: build started", "speech: build passed (2.5 s)"]
    assert lines[3:5] == ["::group::speech", "[2/3] RUN pip install"]
    assert lines[-1] == "::endgroup::"
    assert not [each for each in lines if each.startswith("::error::")], (
        "a log line must not become a command"
    )


def test_a_terminal_gets_a_table():
    shown = told("rich")

    assert "speech: build passed (2.5 s)" in shown
    assert "speech: step" not in shown


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_failure_is_red_unless_colours_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch, no_color: str, *, coloured: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    progress = Progress(mode="rich", verbose=0, stream=stream)
    stage("speech", "build", "failed", 2.5)
    progress.close()
    assert "speech: build failed (2.5 s)" in stream.getvalue()
    assert ("\x1b[31m" in stream.getvalue()) is coloured


def test_the_board_has_what_goes_on():
    now = 10.0
    board = Board(clock=lambda: now)
    for line in (
        Line(name="speech", stage="build", status="started"),
        from_event(event("step", "speech", "RUN x")),
        Line(name="vision", stage="build", status="started"),
        Line(name="vision", stage="build", status="passed"),
        Line(name="coordination", stage="wait", status="waiting"),
        from_event(event("log", "nobody", "lost")),
    ):
        board.take(line)
    now = 12.0

    assert [(row.name, row.stage, row.text) for row in board.rows()] == [
        ("speech", "build", ""),
        ("speech", "step", "RUN x"),
        ("coordination", "wait", ""),
    ]
    assert board.unfinished()[0] == "speech: build not finished after 2.0 s"
    board.take(from_event(event("step", "speech", "RUN x cached")))
    board.take(Line(name="speech", stage="smoke", status="running"))
    assert [(row.name, row.stage) for row in board.rows()] == [("speech", "smoke"), ("coordination", "wait")]


@pytest.mark.parametrize(
    ("kind", "text", "seconds", "status"),
    [
        ("exec", "", 0, "running"),
        ("exec", "exit code 0", 1, "done"),
        ("step", "RUN x", 0, "running"),
        ("step", "RUN x cached", 0, "done"),
        ("service", "stopped", 0, "done"),
        ("log", "done", 0, ""),
        ("pull", "Downloading", 0, ""),
    ],
)
def test_events_begin_and_end(kind: str, text: str, seconds: float, status: str):
    assert from_event(event(kind, "x", text, seconds)).status == status
