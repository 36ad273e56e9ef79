"""What lint finds and can be mended without a doubt, as whole new files and modes. Few on purpose."""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pipeline.catalog.model import Catalog
from pipeline.checks.facts.commands import find_start
from pipeline.checks.facts.inits import is_init
from pipeline.checks.inspection import Inspection, Subject, inspect
from pipeline.checks.lint import lint_inspected
from pipeline.planning.dockerfile import Instruction
from pipeline.planning.reads import BASE_ARGUMENT
from pipeline.planning.sources import Sources
from pipeline.reporting.model import Finding

_NAMES_BASE = re.compile(rf"\$(?:\{{{BASE_ARGUMENT}\}}|{BASE_ARGUMENT}$)")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_OF_THE_SHELL = {
    *(".", ":", "[", "alias", "break", "case", "cd", "command", "continue", "eval", "exec", "exit", "export"),
    *("false", "for", "if", "read", "return", "set", "shift", "source", "test", "time", "trap", "true"),
    *("type", "ulimit", "umask", "unset", "until", "wait", "while"),
}


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A file of the fleet as it should be: ``text`` is all of it, or None where only the mode changes."""

    path: str
    mode: int
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One line of a Dockerfile anew, or a line more before it."""

    path: str
    line: int
    text: str
    is_new: bool = False


def find_fixes(catalog: Catalog, sources: Sources) -> tuple[Fix, ...]:
    """A fix for each file in which lint finds something that one of a few rules can mend.

    What is acknowledged or ignored stays as it is. Files that are not UTF-8 are left alone.
    """
    inspection = inspect(catalog, sources)
    changes: dict[_Row | Fix, None] = {}
    for finding in lint_inspected(inspection):
        mend = _MENDERS.get(finding.rule)
        subject = inspection.subjects.get(finding.subject)
        if mend and subject and finding.file == subject.unit.dockerfile:
            changes |= dict.fromkeys(mend(inspection, subject, finding))
    rows = [each for each in changes if isinstance(each, _Row)]
    modes = {each.path: each for each in changes if isinstance(each, Fix)}
    texts = {path: _rewritten(sources, path, rows) for path in dict.fromkeys(row.path for row in rows)}
    rewritten = [fix for path, fix in texts.items() if fix and path not in modes]
    return tuple(sorted([*rewritten, *modes.values()], key=lambda fix: fix.path))


def _rewritten(sources: Sources, path: str, rows: Iterable[_Row]) -> Fix | None:
    text, node = sources.text(path), sources.node(path)
    if text is None or node is None or node.kind != "file" or not _is_utf_8(text):
        return None
    lines = text.split("\n")
    for row in sorted((row for row in rows if row.path == path), key=lambda row: row.line, reverse=True):
        end = "\r" if lines[row.line - 1].endswith("\r") else ""
        lines[row.line - 1 : row.line - (1 if row.is_new else 0)] = [row.text + end]
    return Fix(path=path, mode=node.mode, text="\n".join(lines))


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _declare_base(_: Inspection, subject: Subject, finding: Finding) -> Iterator[_Row]:
    """ARG BASE_IMAGE above the first FROM, where a FROM names it: without it nothing can be built."""
    stages = subject.dockerfile.stages
    if any(_NAMES_BASE.search(stage.base) for stage in stages):
        yield _Row(path=finding.file, line=stages[0].line, text=f"ARG {BASE_ARGUMENT}", is_new=True)


def _without_shell(inspection: Inspection, subject: Subject, finding: Finding) -> Iterator[_Row]:
    """A CMD of plain words as JSON; only where it stands alone or behind an init."""
    instruction = _at(subject, finding.line)
    entrypoint = find_start(inspection, subject, "ENTRYPOINT")
    alone = entrypoint is None or (entrypoint.instruction.is_json and is_init(entrypoint.instruction.words))
    if instruction and instruction.keyword == "CMD" and alone and _is_plain(instruction):
        yield _Row(path=finding.file, line=finding.line, text=_as_json(instruction, list(instruction.words)))


def _is_plain(instruction: Instruction) -> bool:
    words = instruction.words
    is_command = bool(words) and words[0] not in _OF_THE_SHELL and "=" not in words[0]
    one_line = instruction.line == instruction.last_line
    return not instruction.is_json and is_command and one_line and all(map(_PLAIN.fullmatch, words))


def _in_double_quotes(_: Inspection, subject: Subject, finding: Finding) -> Iterator[_Row]:
    """A list of strings in single quotes as JSON: as it stands no shell can run it."""
    instruction = _at(subject, finding.line)
    if instruction is None or instruction.keyword not in ("CMD", "ENTRYPOINT"):
        return
    try:
        value = ast.literal_eval(instruction.text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return
    words = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    if words and len(words) == len(value) and instruction.line == instruction.last_line:
        yield _Row(path=finding.file, line=finding.line, text=_as_json(instruction, words))


def _readable(inspection: Inspection, subject: Subject, _: Finding) -> Iterator[Fix]:
    """Modes as git knows them, for files that others cannot read."""
    for path in dict.fromkeys(path for copied in subject.copied for path in copied.private):
        node = inspection.sources.node(path)
        if node and node.kind == "file":
            yield Fix(path=path, mode=0o755 if node.mode & 0o100 else 0o644)


def _at(subject: Subject, line: int) -> Instruction | None:
    return next((each for each in subject.dockerfile.instructions if each.line == line), None)


def _as_json(instruction: Instruction, words: list[str]) -> str:
    return f"{instruction.keyword} {json.dumps(words, ensure_ascii=False)}"


_MENDERS: dict[str, Callable[[Inspection, Subject, Finding], Iterable[_Row | Fix]]] = {
    "base-argument": _declare_base,
    "exec-form": _in_double_quotes,
    "private-file": _readable,
    "signal-lost": _without_shell,
}
