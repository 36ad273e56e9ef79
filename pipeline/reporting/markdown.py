"""The run as GitHub-flavoured markdown, for a step summary or a comment."""

import html
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.reporting import words
from pipeline.reporting.changes import Changes, find_changes, parts
from pipeline.reporting.github import in_repository
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


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where a forge shows files and runs; an empty address links nothing.

    Parameters
    ----------
    repository:
        ``https://github.com/OWNER/NAME``.
    commit:
        The commit whose files are meant.
    run:
        The address of the workflow's run, which has the artifacts.
    """

    repository: str = ""
    commit: str = ""
    run: str = ""

    def file(self, path: str, line: int) -> str:
        """The address of a line."""
        at = f"#L{line}" if line else ""
        there = self.repository and self.commit and path
        return f"{self.repository}/blob/{self.commit}/{quote(path)}{at}" if there else ""


NO_LINKS = Links()
# https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions: 1 MiB for each step
STEP_LIMIT = 1024 * 1024


def show_step_summary(run: Run, *, links: Links, earlier: Sequence[Run] = (), limit: int = STEP_LIMIT) -> str:
    """The markdown within ``limit`` bytes: logs are shortened first, then the end is cut off."""
    for log_lines in (20, 5, 0):
        shown = show_markdown(run, links=links, earlier=earlier, log_lines=log_lines)
        if len(shown.encode()) <= limit:
            return shown
    rest = "\n\n> There is more than GitHub shows here: see the artifact.\n"
    return shown.encode()[: limit - len(rest)].decode(errors="ignore") + rest


def show_markdown(
    run: Run, *, links: Links = NO_LINKS, earlier: Sequence[Run] = (), log_lines: int = 20
) -> str:
    """Heading, table, totals, failure blocks, then what is less urgent. Whatever was printed stays text."""
    parts = [f"## {_text(run.fleet)}: {_text(run.function)} {_SIGNS[run.verdict]}"]
    parts += [_origin(run, links)] if run.commit or links.run else []
    if run.units:
        parts.append("\n".join([_HEAD, _RULE, *(_row(unit) for unit in run.units)]))
        parts.append(words.totals(run))
    parts += [_failure(run, failure, links, log_lines) for failure in words.failures(run)]
    if run.names:
        parts.append(_titled("Names given", [f"- `{name}`" for name in run.names]))
    if findings := words.remarks(run):
        parts.append(_titled("Findings", [_finding(finding) for finding in findings]))
    if run.remarks:
        parts.append(_titled("Notes", [f"- {_text(remark)}" for remark in run.remarks]))
    parts += [_changes(found) for found in find_changes(run, earlier)]
    return "\n\n".join(parts) + "\n"


def _origin(run: Run, links: Links) -> str:
    """Which commit it is, and where its files are."""
    commit = f"`{run.commit[:7]}`" if run.commit else ""
    if commit and links.repository:
        commit = f"[{commit}]({links.repository}/commit/{quote(run.commit)})"
    tag = f"tag `{run.tag}`" if run.tag else ""
    artifacts = f"[run and artifacts]({links.run})" if links.run else ""
    return " · ".join(filter(None, [f"commit {commit}" if commit else "", tag, artifacts]))


def _changes(found: Changes) -> str:
    table = ["| unit | change | digest | size | times |", "|---|---|---|---|---|"]
    rows = [_cells(each.name, each.what, *parts(each)) for each in found.changes]
    count = f"{len(found.changes)} changed, {found.same} as before"
    return _titled(f"Against {_text(found.against)}", [count, "", *table, *rows] if rows else [count])


def _titled(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"### {title}", "", *lines])


def _cells(*texts: str) -> str:
    return f"| {' | '.join(_text(text) or '-' for text in texts)} |"


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


def _failure(run: Run, failure: Failure, links: Links, log_lines: int) -> str:
    what = "  \n".join(_text(line) for line in failure.what.splitlines())
    lines = [f"### {_text(words.title(failure))}", "", what]
    if failure.file:
        address = links.file(in_repository(run.folder, failure.file), failure.line)
        place = f"`{words.place(failure)}`"
        lines += ["", f"At {f'[{place}]({address})' if address else place}"]
    if failure.consequence:
        lines += ["", f"So: {_text(failure.consequence)}"]
    if failure.hint:
        lines += ["", f"**Hint:** {_text(failure.hint)}"]
    if failure.command:
        code = "" if failure.exit_code is None else f" ended with {failure.exit_code}"
        lines += ["", f"<code>{html.escape(shlex.join(failure.command))}</code>{code}"]
    if log := failure.log[len(failure.log) - log_lines :] if log_lines < len(failure.log) else failure.log:
        lines += ["", *_fenced("\n".join(log))]
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
