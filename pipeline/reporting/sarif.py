"""SARIF 2.1.0, for code scanning: what lint found, and what failed in a run.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pipeline.reporting import words
from pipeline.reporting.github import in_repository, sentence
from pipeline.reporting.model import Failure, Finding, Run

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_STAGES = {
    "catalog": "fleet.toml is valid",
    "command line": "The run was asked for something that it can do",
    "engine": "The engine does what is needed",
    "lookup": "Every base is in its registry",
    "build": "Every image builds",
    "smoke": "Every service passes its smoke test",
    "candidate": "What passed can be pushed",
    "release": "What passed can be named",
}


@dataclass(frozen=True, kw_only=True)
class SarifRule:
    """What a result refers to: ``level`` is error, warning or note."""

    id: str
    about: str
    help: str
    level: str = "error"


def show_sarif(run: Run) -> str:
    """The findings and failures of a run as SARIF, ending with a line break."""
    lint = [finding for finding in run.findings if words.stage_of(finding) == "lint"]
    blocks = [failure for failure in words.failures(run) if failure.stage != "lint"]
    rules = {finding.rule: _rule_of(finding) for finding in lint}
    rules |= {
        block.stage: SarifRule(id=block.stage, about=_STAGES.get(block.stage, block.stage), help="")
        for block in blocks
    }
    results = [finding_result(finding, run.folder) for finding in lint]
    results += [_failure_result(block, run.folder) for block in blocks]
    return sarif_log("pipeline", list(rules.values()), results)


def sarif_log(tool: str, rules: Sequence[SarifRule], results: Iterable[Mapping[str, Any]]) -> str:
    """One run of one tool as a SARIF document."""
    driver = {"name": tool, "rules": [_rule(rule) for rule in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": list(results)}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: SarifRule) -> dict[str, Any]:
    helped = {"help": {"text": rule.help}} if rule.help else {}
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.about},
        **helped,
        "defaultConfiguration": {"level": rule.level},
    }


def _rule_of(finding: Finding) -> SarifRule:
    """NB: a run knows of a rule only what its findings say."""
    about = finding.consequence or finding.rule
    return SarifRule(id=finding.rule, about=about, help="", level=finding.severity)


def finding_result(finding: Finding, folder: str = "") -> dict[str, Any]:
    """A finding as a result; ``folder`` is the fleet's root within the repository."""
    return _result(
        finding.rule,
        finding.severity,
        sentence(finding),
        (in_repository(folder, finding.file), finding.line),
        (finding.rule, finding.subject, finding.file, finding.message),
    )


def _failure_result(failure: Failure, folder: str) -> dict[str, Any]:
    hint = [f"Hint: {failure.hint}"] if failure.hint else []
    reproduce = [f"Reproduce: {words.reproduction(failure)}"] if failure.reproduce else []
    text = "\n".join([words.title(failure), failure.what, *failure.log, *hint, *reproduce])
    place = in_repository(folder, failure.file), failure.line
    return _result(failure.stage, "error", text, place, (failure.stage, failure.subject, failure.service))


def _result(
    rule: str, level: str, text: str, place: tuple[str, int], identity: Iterable[str]
) -> dict[str, Any]:
    """``identity`` is what makes it the same finding in a later run, wherever its line is by then."""
    file, line = place
    fingerprint = hashlib.sha256("\0".join(identity).encode()).hexdigest()
    result: dict[str, Any] = {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "partialFingerprints": {"pipeline/v1": fingerprint},
    }
    if file:
        location: dict[str, Any] = {"artifactLocation": {"uri": quote(file)}}
        if line:
            location["region"] = {"startLine": line}
        result["locations"] = [{"physicalLocation": location}]
    return result
