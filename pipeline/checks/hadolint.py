"""hadolint's findings as ours: they inform, and never stop a run."""

import json
from typing import Any

from pipeline.reporting.model import Finding

HADOLINT = "hadolint"
_SEVERITIES = {"error": "warning", "warning": "warning"}
_WIKI = "https://github.com/hadolint/hadolint/wiki"
# What one of our rules says too, and with more knowledge of the fleet: dockerfile-syntax, user-root,
# base-version, signal-lost.
_DOUBLES = {"DL1000", "DL3002", "DL3006", "DL3007", "DL3025"}


def read_hadolint(text: str) -> tuple[Finding, ...] | None:
    """The findings in hadolint's JSON that we have not ourselves; None where it is no JSON."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(rows, list):
        return None
    findings = [_finding(row) for row in rows if isinstance(row, dict)]
    return tuple(each for each in findings if each.rule not in _DOUBLES)


def hadolint_failed(why: str) -> Finding:
    """The note that hadolint is there and its findings are not."""
    return Finding(
        rule=HADOLINT,
        severity="note",
        message=f"hadolint {why}: its findings are missing",
        fix="run it yourself, or take it from PATH",
    )


def _finding(row: dict[str, Any]) -> Finding:
    code = str(row.get("code") or HADOLINT)
    line = row.get("line")
    return Finding(
        rule=code,
        severity=_SEVERITIES.get(str(row.get("level")), "note"),
        file=str(row.get("file") or "").removeprefix("./"),
        line=line if isinstance(line, int) and line > 0 else 0,
        message=str(row.get("message") or "").strip(),
        consequence="hadolint advises against it",
        fix=f"{_WIKI}/{code}" if code.startswith("DL") else "",
    )
