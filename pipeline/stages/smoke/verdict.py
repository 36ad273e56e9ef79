"""Reads what the probe printed. Anything but one complete, marked report is no report."""

import re

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.reporting.model import Check, Verdict

# An image's own tini complains about the probe above it, in three lines that say nothing about the service.
_INIT_REMARK = re.compile(r"^\[WARN +tini \(\d+\)\] Tini is not running as PID 1.*\n.*\n.*\n?", re.MULTILINE)
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Report(BaseModel):
    """The verdict line of the probe, and the service's last output.

    ``ready`` is the seconds until the service was ready, None if it never was; ``via`` is what asked it;
    ``peak`` the bytes of memory that it had at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict
    what: str
    exit_code: int | None
    ready: float | None
    seconds: float
    peak: int | None = None
    via: str
    checks: tuple[Check, ...]
    log: tuple[str, ...] = ()


def read_report(stdout: str, mark: str) -> Report | None:
    """The report marked with ``mark``, or None if it is missing, doubled, cut off or not well-formed."""
    head, end, _ = stdout.partition(f"\n::probe {mark} end")
    before, log_mark, log = head.partition(f"\n::probe {mark} log\n")
    start = f"::probe {mark} verdict "
    lines = [line for line in before.split("\n") if line.startswith(start)]
    if not end or not log_mark or len(lines) != 1:
        return None
    try:
        report = Report.model_validate_json(lines[0].removeprefix(start))
    except ValidationError:
        return None
    if report.verdict not in (Verdict.PASSED, Verdict.FAILED):
        return None
    contradicts = any(check.verdict is Verdict.FAILED for check in report.checks)
    if report.verdict is Verdict.PASSED and contradicts:
        return None
    return report.model_copy(update={"log": last_lines(_INIT_REMARK.sub("", log, count=1))})


def last_lines(text: str, *, count: int = 200) -> tuple[str, ...]:
    """The end of a log as lines, without trailing white space and without what a terminal would obey."""
    lines = _COLOURS.sub("", text).rstrip().split("\n")[-count:] if text.strip() else []
    return tuple("".join(c for c in line if c == "\t" or c.isprintable()).rstrip() for line in lines)
