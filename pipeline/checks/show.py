"""Findings as text for people, and as JSON, SARIF 2.1.0 and GitHub annotations for machines."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pipeline.checks.rules import RULES
from pipeline.reporting.github import annotation, note_of
from pipeline.reporting.model import Finding
from pipeline.reporting.sarif import SarifRule, finding_result, sarif_log
from pipeline.reporting.terminal import show_findings as as_text

Format = Literal["text", "json", "sarif", "github"]


def show_findings(findings: Sequence[Finding], form: Format, *, folder: str = "") -> str:
    """Findings in one format, ending with a line break.

    ``folder`` is the fleet's root within the repository, for the formats whose paths a forge must find.
    """
    match form:
        case "text":
            return show_text(findings)
        case "json":
            return _json({"version": 1, "findings": [finding.model_dump() for finding in findings]})
        case "sarif":
            return _sarif(findings, folder)
        case "github":
            return "".join(f"{annotation(note_of(finding, folder))}\n" for finding in findings)


def show_text(findings: Sequence[Finding]) -> str:
    """For people: place, severity, what, and below it consequence and fix; a sum at the end."""
    counts = Counter(finding.severity for finding in findings)
    sums = [
        f"{counts[each]} {each}{'s' if counts[each] != 1 else ''}" for each in ("error", "warning", "note")
    ]
    total = ", ".join(each for each in sums if not each.startswith("0 ")) or "no findings"
    return "\n".join(filter(None, [as_text(findings), total])) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _sarif(findings: Sequence[Finding], folder: str) -> str:
    rules = [
        SarifRule(
            id=rule.id,
            about=rule.about,
            help=f"Consequence: {rule.consequence}. Fix: {rule.fix}.",
            level=rule.severity,
        )
        for rule in RULES
    ]
    return sarif_log("pipeline lint", rules, [finding_result(finding, folder) for finding in findings])
