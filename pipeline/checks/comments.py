"""``# pipeline: ignore=RULE reason`` in a Dockerfile holds for the instruction that it stands above or in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.catalog.mistakes import nearest
from pipeline.checks.inspection import Inspection
from pipeline.checks.rules import RULES
from pipeline.planning.dockerfile import Instruction, read_dockerfile
from pipeline.reporting.model import Finding

IGNORE = "ignore-comment"
_OURS = re.compile(r"\s*#\s*pipeline\s*:\s*(.*?)\s*", re.IGNORECASE)
_FORM = re.compile(r"ignore\s*=\s*([\w-]+(?:,[\w-]+)*)(?:\s+(.*))?")
_HADOLINT = re.compile(r"(?:DL|SC)\d{4}")


@dataclass(frozen=True, kw_only=True)
class Comment:
    """One rule that a comment names; it holds for findings on the lines ``first`` to ``last``.

    ``first`` is 0 where nothing follows; ``problem`` is what keeps it from holding.
    """

    file: str
    line: int
    rule: str = ""
    first: int = 0
    last: int = 0
    problem: str = ""

    def holds_for(self, finding: Finding) -> bool:
        """Whether it hides a finding."""
        first = min(self.line, self.first)  # NB: what is about a whole file is found in its first line
        is_here = finding.file == self.file and first <= finding.line <= self.last
        return is_here and finding.rule == self.rule and not self.problem


def heed(findings: Sequence[Finding], inspection: Inspection) -> Iterator[Finding]:
    """The findings that no comment hides, and one for each comment that is wrong or hides nothing."""
    comments = [each for file, text in _texts(findings, inspection) for each in _comments(file, text)]
    used = {each for each in comments for finding in findings if each.holds_for(finding)}
    yield from (each for each in findings if not any(comment.holds_for(each) for comment in used))
    owners = {each.unit.dockerfile: each.unit.name for each in inspection.subjects.values()}
    for each in comments:
        problem = each.problem or ("" if each in used or _HADOLINT.fullmatch(each.rule) else _unneeded(each))
        if problem:
            yield Finding(
                rule=IGNORE,
                severity="warning",
                file=each.file,
                line=each.line,
                subject=owners.get(each.file, each.file),
                message=problem,
                consequence="it hides nothing now, and might hide a later finding",
                fix="write # pipeline: ignore=RULE and a reason above the instruction, or remove the comment",
            )


def _unneeded(comment: Comment) -> str:
    if not comment.first:
        return f"no instruction follows this comment, which ignores {comment.rule}"
    return f"{comment.rule} finds nothing in the instruction at line {comment.first} (any more)"


def _texts(findings: Sequence[Finding], inspection: Inspection) -> Iterator[tuple[str, str]]:
    """The Dockerfiles that have a comment of ours, those that belong to no image among them."""
    own = [each.unit.dockerfile for each in inspection.subjects.values()]
    others = [finding.file for finding in findings if finding.rule == "dockerfile-unused"]
    for file in dict.fromkeys([*own, *others]):
        text = inspection.sources.text(file) or ""
        if "pipeline" in text.lower():
            yield file, text


def _comments(file: str, text: str) -> Iterator[Comment]:
    dockerfile = read_dockerfile(text, file)
    heads = [stage.head for stage in dockerfile.stages]
    instructions = sorted([*dockerfile.instructions, *heads], key=lambda each: each.line)
    for number, row in enumerate(text.split("\n"), start=1):
        match = _OURS.fullmatch(row.rstrip("\r"))
        place = _place(instructions, number)
        if match and not (place and place.heredocs and place.line < number):
            yield from _read(file, number, match[1], place)


def _place(instructions: Sequence[Instruction], line: int) -> Instruction | None:
    """The instruction that a line is within, or that comes next."""
    return next((each for each in instructions if each.last_line >= line), None)


def _read(file: str, line: int, text: str, place: Instruction | None) -> Iterator[Comment]:
    first, last = (place.line, place.last_line) if place else (0, 0)
    match = _FORM.fullmatch(text)
    if match is None:
        yield Comment(file=file, line=line, problem=f"this comment is not understood: {text[:60]}")
        return
    ids = [rule.id for rule in RULES]
    for rule in match[1].split(","):
        problem = "" if match[2] else f"this comment gives no reason for ignoring {rule}"
        if rule not in ids and not _HADOLINT.fullmatch(rule):
            problem = f"there is no rule {rule}; {nearest(rule, ids)}"
        yield Comment(file=file, line=line, rule=rule, first=first, last=last, problem=problem)
