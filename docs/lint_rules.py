"""The reference page of lint rules, from the rules and from the broken twins of tests/checks."""

import difflib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from broken_twins import TWINS, Change, Twin, break_fleet
from sound_fleet import SoundFleet, make_sound_fleet

from pipeline.checks import acknowledge, comments
from pipeline.checks.rule import Rule
from pipeline.checks.rules import RULES
from pipeline.reporting.model import Finding

# Findings that come from acknowledgements and comments, not from a rule.
_OTHERS = (acknowledge.UNNEEDED, comments.IGNORE)


def sections() -> Iterator[str]:
    """One section for each rule, in the order of the rules."""
    twins = {twin.rule: twin for twin in TWINS}
    yield "\n".join(f"- [{rule.id}](#{rule.id}): {rule.about}" for rule in RULES)
    for rule in RULES:
        yield _section(rule, twins[rule.id])
    yield (
        "## Findings about findings\n\n"
        f"`{_OTHERS[0]}` tells an `[[acknowledge]]` and `{_OTHERS[1]}` a comment `# pipeline: ignore=…` that hides "
        "nothing (any more), names no rule or gives no reason. `catalog` tells what keeps fleet.toml from being read."
    )


def _section(rule: Rule, twin: Twin) -> str:
    changes, finding = _example(twin)
    severity = f"{rule.severity}" if finding.severity == rule.severity else f"{rule.severity} at most"
    return (
        f"## {rule.id}\n\n{rule.about} ({severity.capitalize()}.)\n\n{changes}\n\n"
        f"`{finding.file}:{finding.line}`: {finding.message}\n\n"
        f"- So: {finding.consequence}.\n- Fix: {_escaped(finding.fix)}.\n"
    )


def _example(twin: Twin) -> tuple[str, Finding]:
    with tempfile.TemporaryDirectory() as folder:
        fleet = make_sound_fleet(Path(folder))
        before = {change.path: _text(fleet, change.path) for change in twin.changes}
        break_fleet(fleet, twin)
        shown = [_shown(fleet, change, before[change.path]) for change in twin.changes]
        return "\n\n".join(dict.fromkeys(shown)), fleet.lint()[0]


def _text(fleet: SoundFleet, path: str) -> str:
    file = fleet.root / path
    return file.read_text() if file.exists() and file.stat().st_size < 1_000_000 else ""


def _shown(fleet: SoundFleet, change: Change, before: str) -> str:
    if change.size:
        return f"```sh\ntruncate --size {change.size} {change.path}\n```"
    if change.mode:
        return f"```sh\nchmod {change.mode:o} {change.path}\n```"
    rows = difflib.unified_diff(before.splitlines(), _text(fleet, change.path).splitlines(), n=1, lineterm="")
    body = [row for row in rows if not row.startswith(("---", "+++", "@@"))]
    return "\n".join([f"`{change.path}`", "", "```diff", *body, "```"])


def _escaped(text: str) -> str:
    """NB: angle brackets and stars would be read as Markdown."""
    return text.replace("<", "\\<").replace("*", "\\*").rstrip(".")
