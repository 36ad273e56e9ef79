"""The side-by-side page says "the same" only of what a test compares with the recording."""

import json

import pytest
from generate import RECORDED
from test_call_lines import LINES

OURS = {line: (code, stdout) for line, code, stdout in LINES}
THEIRS = {
    each["command"].removeprefix("dagger "): (each["exit"], each["stdout"])
    for each in json.loads(RECORDED.read_text())
}
# Compared by tests of their own, since they need a file, Docker, or are only alike in what is not wording.
ELSEWHERE = {
    "functions": "test_call_lines: functions are listed",
    "call report -o OUT": "test_call_lines: a result is saved",
    "call page -o OUT2": "test_call_lines: a result is saved",
    "call fail-exec": "test_call_exec: an uncaught ExecError ends with its command's code",
}


def test_every_recorded_line_is_compared_somewhere():
    left = {line for line in THEIRS if line not in OURS and "--help" not in line}
    assert left == {*ELSEWHERE}


@pytest.mark.parametrize("line", [line for line in THEIRS if line in OURS])
def test_what_is_run_here_is_what_was_recorded_there(line: str):
    code, stdout = OURS[line]
    assert (code, THEIRS[line][1] if stdout is None else stdout) == THEIRS[line]
