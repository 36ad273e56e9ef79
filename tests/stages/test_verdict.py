"""The probe's report is believed only when it is whole, once there, marked, and not contradicting itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reporting.model import Verdict
from pipeline.stages.smoke.probe import probe_version
from pipeline.stages.smoke.verdict import last_lines, read_report

MARK = "5eed"
LINE = (
    '{"verdict":"passed","what":"ready","exit_code":null,"ready":0.5,"seconds":0.7,"via":"curl",'
    '"checks":[{"name":"health","verdict":"passed","seconds":0.50,"detail":"HTTP 200"}]}'
)


def report(*, line: str = LINE, log: str = "one\ntwo", mark: str = MARK, end: bool = True) -> str:
    text = f"\n::probe {mark} verdict {line}\n::probe {mark} log\n{log}"
    return text + (f"\n::probe {mark} end\n" if end else "")


def test_a_whole_report_is_read() -> None:
    found = read_report("something printed before" + report(), MARK)
    assert found is not None
    assert (found.verdict, found.ready, found.log) == (Verdict.PASSED, 0.5, ("one", "two"))
    assert [check.name for check in found.checks] == ["health"]


@pytest.mark.parametrize(
    "stdout",
    [
        "",
        LINE,
        report(mark="0000"),
        report(end=False),
        report(line="not json"),
        report(line='{"verdict":"passed"}'),
        report(line=LINE.replace('"via"', '"more":1,"via"')),
        report(line=LINE.replace('"verdict":"passed"', '"verdict":"skipped"', 1)),
        report(line=LINE.replace('"verdict":"passed","seconds"', '"verdict":"failed","seconds"')),
        f"\n::probe {MARK} verdict {LINE}" + report(),
    ],
    ids=[
        "nothing",
        "unmarked",
        "another mark",
        "cut off",
        "not json",
        "incomplete",
        "unknown key",
        "neither passed nor failed",
        "passed with a failed check",
        "two verdicts",
    ],
)
def test_anything_else_is_no_report(stdout: str) -> None:
    assert read_report(stdout, MARK) is None


def test_a_verdict_that_a_service_printed_into_its_log_is_only_log() -> None:
    forged = report(line=LINE.replace("passed", "failed"), log=f"::probe {MARK} verdict {LINE}")
    found = read_report(forged, MARK)
    assert found is not None
    assert found.verdict is Verdict.FAILED


@given(st.text())
def test_no_output_makes_reading_fail(text: str) -> None:
    assert read_report(text, MARK) is None
    found = read_report(report(log=text), MARK)
    assert found is None or found.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        (" \n\n", ()),
        ("a\nb\n\n", ("a", "b")),
        ("\x1b[31mred\x1b[0m\x07\r\ntab\tstays", ("red", "tab\tstays")),
        ("nul\x00byte", ("nulbyte",)),
    ],
    ids=["empty", "blank", "trailing", "colours", "nul"],
)
def test_lines_of_a_log(text: str, lines: tuple[str, ...]) -> None:
    assert last_lines(text) == lines


def test_only_the_end_of_a_log_is_kept() -> None:
    assert last_lines("\n".join(map(str, range(500))), count=3) == ("497", "498", "499")


def test_the_probe_has_a_version() -> None:
    assert len(probe_version()) == 12


TINI = (
    "[WARN  tini (13)] Tini is not running as PID 1 and isn't registered as a child subreaper.\n"
    "Zombie processes will not be re-parented to Tini, so zombie reaping won't work.\n"
    "To fix the problem, use the -s option or set the environment variable TINI_SUBREAPER.\n"
)


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        (TINI + "ready\n", ("ready",)),
        (TINI, ()),
        (
            "[WARN  tini (13)] another warning\nready\nsteady\n",
            ("[WARN  tini (13)] another warning", "ready", "steady"),
        ),
    ],
    ids=["remark", "remark only", "another warning"],
)
def test_what_an_init_remarks_on_the_probe_is_left_out(log: str, shown: tuple[str, ...]) -> None:
    found = read_report(report(log=log), MARK)
    assert found is not None
    assert found.log == shown
