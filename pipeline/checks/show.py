"""Findings as text for people, and as JSON, SARIF 2.1.0 and GitHub annotations for machines."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pipeline.checks.rules import RULES
from pipeline.reporting.model import Finding

Format = Literal["text", "json", "sarif", "github"]

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


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
            return _json(_sarif(findings, folder))
        case "github":
            return "".join(f"{_annotation(finding, folder)}\n" for finding in findings)


def show_text(findings: Sequence[Finding]) -> str:
    """For people: place, severity, what, and below it consequence and fix; a sum at the end."""
    counts = Counter(finding.severity for finding in findings)
    blocks = [_block(finding) for finding in findings]
    sums = [
        f"{counts[each]} {each}{'s' if counts[each] != 1 else ''}" for each in ("error", "warning", "note")
    ]
    total = ", ".join(each for each in sums if not each.startswith("0 ")) or "no findings"
    return "\n".join([*blocks, total]) + "\n"


def _block(finding: Finding) -> str:
    line = f":{finding.line}" if finding.line else ""
    lines = [f"{finding.file}{line}: {finding.severity}: {finding.message} [{finding.rule}]"]
    lines += [f"    so: {finding.consequence}"] if finding.consequence else []
    lines += [f"    fix: {finding.fix}"] if finding.fix else []
    return "\n".join(lines)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _sarif(findings: Sequence[Finding], folder: str) -> dict[str, Any]:
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.about},
            "help": {"text": f"Consequence: {rule.consequence}. Fix: {rule.fix}."},
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in RULES
    ]
    driver = {"name": "pipeline lint", "rules": rules}
    results = [_sarif_result(finding, folder) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": results}
    return {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _sarif_result(finding: Finding, folder: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": _sentence(finding)},
    }
    if finding.file:
        location: dict[str, Any] = {"artifactLocation": {"uri": _path(folder, finding.file)}}
        if finding.line:
            location["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": location}]
    return result


def _annotation(finding: Finding, folder: str) -> str:
    """A workflow command: docs.github.com, "Workflow commands for GitHub Actions"."""
    level = "notice" if finding.severity == "note" else finding.severity
    properties = {"file": _path(folder, finding.file), "line": str(finding.line or 1), "title": finding.rule}
    shown = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items() if value)
    return f"::{level} {shown}::{_escape(_sentence(finding))}"


def _sentence(finding: Finding) -> str:
    parts = [finding.message]
    parts += [f"So: {finding.consequence}."] if finding.consequence else []
    parts += [f"Fix: {finding.fix}"] if finding.fix else []
    return "\n".join(parts)


def _path(folder: str, file: str) -> str:
    inner = folder.strip("/")
    return f"{inner}/{file}" if inner and inner != "." and file else file


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
