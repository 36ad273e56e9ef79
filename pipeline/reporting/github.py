"""A run for GitHub Actions' log: a folded group per unit, annotations on lines, failure blocks last.

Workflow commands: docs.github.com, "Workflow commands for GitHub Actions". Whatever a service printed stands
between ``stop-commands`` and its token, so that it is never obeyed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.reporting import words
from pipeline.reporting.model import Failure, Finding, Run, ServiceRun, UnitRun, Verdict
from pipeline.reporting.terminal import show_failure, show_summary

SIGNS = {
    Verdict.PASSED: "✓",
    Verdict.REUSED: "✓",
    Verdict.SKIPPED: "→",
    Verdict.CANCELLED: "○",
    Verdict.FAILED: "✗",
}
# GitHub shows 10 errors and 10 warnings of a step and drops the rest without a word.
MOST_ANNOTATIONS = 10
_ADVICE = {"error": "error", "warning": "warning"}


@dataclass(frozen=True, kw_only=True)
class Note:
    """One annotation; ``file`` is relative to the repository."""

    level: str
    file: str
    line: int
    title: str
    message: str


def show_github(run: Run, *, token: str, earlier: Sequence[Run] = ()) -> str:
    """The text to print. ``token`` is any text that nobody can guess: with it, commands are obeyed again."""
    parts = [_group(unit, token) for unit in run.units]
    parts.append("".join(f"{annotation(note)}\n" for note in annotations(run)))
    parts.append(_quoted(show_summary(run, earlier=earlier), token))
    return "".join(parts)


def _group(unit: UnitRun, token: str) -> str:
    head = f"{SIGNS[unit.verdict]} {unit.name}: {unit.verdict} ({words.decision(unit)})"
    return f"::group::{_escaped(head)}\n{_quoted(_about(unit), token)}::endgroup::\n"


def _quoted(text: str, token: str) -> str:
    """Text in which nothing is a command."""
    body = text if text.endswith("\n") or not text else f"{text}\n"
    return f"::stop-commands::{token}\n{body}::{token}::\n"


def _about(unit: UnitRun) -> str:
    """What a person may want to know who unfolds a unit."""
    times = ", ".join(f"{stage.name} {words.duration(stage.seconds)}" for stage in unit.stages)
    facts = [
        ("on", unit.base or unit.family),
        ("build key", unit.build_key),
        ("candidate", unit.reference),
        ("size", words.size(unit.size)),
        ("stages", times),
    ]
    lines = [f"{name}: {value}" for name, value in facts if value not in ("", "-")]
    lines += [line for service in unit.services for line in _service(service)]
    if unit.failure:
        lines += ["", show_failure(unit.failure)]
    return "\n".join(lines) + "\n"


def _service(service: ServiceRun) -> Iterator[str]:
    after = f" after {words.duration(service.seconds)}" if service.seconds else ""
    yield f"{SIGNS[service.verdict]} {service.name}: {service.verdict}{after}"
    for check in service.checks:
        detail = f": {check.detail}" if check.detail else ""
        yield f"  {SIGNS[check.verdict]} {check.name}{detail}"
    yield from (f"  | {line}".rstrip() for line in service.log)


def annotations(run: Run) -> tuple[Note, ...]:
    """What GitHub shows beside the lines: failures, then lint's warnings, as many as it takes."""
    errors = [_of_failure(run, failure) for failure in words.failures(run)]
    others = [_of_finding(run, finding) for finding in words.remarks(run)]
    warnings = [note for note in others if note.level == "warning"]
    notices = [note for note in others if note.level == "notice"]
    return tuple(note for notes in (errors, warnings, notices) for note in notes[:MOST_ANNOTATIONS])


def _of_failure(run: Run, failure: Failure) -> Note:
    parts = [failure.what]
    parts += [f"Hint: {failure.hint}"] if failure.hint else []
    parts += failure.log[-3:]
    parts += [f"Reproduce: {line}"] if (line := words.reproduction(failure)) else []
    return Note(
        level="error",
        file=in_repository(run.folder, failure.file),
        line=failure.line,
        title=words.title(failure),
        message="\n".join(parts),
    )


def _of_finding(run: Run, finding: Finding) -> Note:
    return note_of(finding, run.folder)


def note_of(finding: Finding, folder: str) -> Note:
    """The annotation of one finding; ``folder`` is the fleet's within the repository."""
    return Note(
        level=_ADVICE.get(finding.severity, "notice"),
        file=in_repository(folder, finding.file),
        line=finding.line,
        title=finding.rule,
        message=sentence(finding),
    )


def sentence(finding: Finding) -> str:
    """What, consequence and fix of a finding, a line each."""
    parts = [finding.message]
    parts += [f"So: {finding.consequence}."] if finding.consequence else []
    parts += [f"Fix: {finding.fix}"] if finding.fix else []
    return "\n".join(parts)


def annotation(note: Note) -> str:
    """A note as a workflow command."""
    properties = {"file": note.file, "line": str(note.line or 1) if note.file else "", "title": note.title}
    shown = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items() if value)
    return f"::{note.level} {shown}::{_escaped(note.message)}"


def in_repository(folder: str, file: str) -> str:
    """A file of the fleet as the repository knows it."""
    inner = folder.strip("/")
    return f"{inner}/{file}" if inner and inner != "." and file else file


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
