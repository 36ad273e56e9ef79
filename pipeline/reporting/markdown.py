"""The run as GitHub-flavoured markdown, for a step summary or a comment."""

import html
import shlex

from pipeline.reporting import words
from pipeline.reporting.model import Failure, Finding, Run, UnitRun, Verdict

_SIGNS = {
    Verdict.PASSED: "✅ passed",
    Verdict.FAILED: "❌ failed",
    Verdict.SKIPPED: "⏭️ skipped",
    Verdict.REUSED: "♻️ reused",
    Verdict.CANCELLED: "⛔ cancelled",
}
_HEAD = "| unit | on | decision | build | smoke | push | size | tests | digest | verdict |"
_RULE = "|---|---|---|--:|--:|--:|--:|--:|---|---|"


def show_markdown(run: Run) -> str:
    """Heading, table, totals and failure blocks. Whatever a service printed stays text."""
    parts = [f"## {_text(run.fleet)}: {_text(run.function)} {_SIGNS[run.verdict]}"]
    if run.units:
        parts.append("\n".join([_HEAD, _RULE, *(_row(unit) for unit in run.units)]))
        parts.append(words.totals(run))
    if remarks := words.remarks(run):
        parts.append("\n".join(_finding(finding) for finding in remarks))
    if run.names:
        parts.append("\n".join(["Names given:", "", *(f"- `{name}`" for name in run.names)]))
    parts += [f"> {_text(remark)}" for remark in run.remarks]
    parts += [_failure(failure) for failure in words.failures(run)]
    return "\n\n".join(parts) + "\n"


def _row(unit: UnitRun) -> str:
    cells = (
        _text(unit.name),
        _text(unit.family),
        _text(words.decision(unit)),
        words.stage_time(unit, "build", "fetch"),
        words.stage_time(unit, "smoke"),
        words.stage_time(unit, "candidate", "evidence"),
        words.size(unit.size),
        words.service_count(unit),
        f"`{words.short_digest(unit.digest)}`" if unit.digest else "-",
        _SIGNS[unit.verdict],
    )
    return f"| {' | '.join(cells)} |"


def _finding(finding: Finding) -> str:
    place = words.finding_place(finding)
    fix = f" *{_text(finding.fix)}*" if finding.fix else ""
    return f"- **{finding.severity}** `{place}` {_text(finding.message)} ({finding.rule}){fix}"


def _failure(failure: Failure) -> str:
    lines = [f"### {_text(words.title(failure))}", "", _text(failure.what)]
    if failure.file:
        lines[0] += f" (`{words.place(failure)}`)"
    if failure.consequence:
        lines += ["", f"So: {_text(failure.consequence)}"]
    if failure.hint:
        lines += ["", f"**Hint:** {_text(failure.hint)}"]
    if failure.command:
        code = "" if failure.exit_code is None else f" ended with {failure.exit_code}"
        lines += ["", f"<code>{html.escape(shlex.join(failure.command))}</code>{code}"]
    if failure.log:
        lines += ["", *_fenced("\n".join(failure.log))]
    if line := words.reproduction(failure):
        lines += ["", "Reproduce:", "", *_fenced(line, "sh")]
    return "\n".join(lines)


def _fenced(text: str, language: str = "text") -> list[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    return [f"{fence}{language}", text, fence]


def _text(text: str) -> str:
    """Text without a meaning in markdown, on one line."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    for sign in "\\`*_[]|~#":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped
