"""Read a Dockerfile: instructions with their lines, flags and words, grouped into stages. Never fails."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.planning.lines import Heredoc, Line, Problem, read_lines
from pipeline.planning.words import split_quoted, split_words

__all__ = ["Dockerfile", "Heredoc", "Instruction", "Problem", "Stage", "read_dockerfile", "read_trigger"]

_KEYWORD = re.compile(r"\S+")
_FLAG = re.compile(r"--([A-Za-z][\w.-]*)(?:=((?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])*))?(?=\s|$)\s*")
_TAKES_FLAGS = {"FROM", "COPY", "ADD", "RUN", "HEALTHCHECK"}
_TAKES_JSON = {"ADD", "COPY", "CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"}
_QUOTED_WORDS = {"ARG", "ENV", "LABEL"}
_KNOWN = {
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction.

    ``keyword`` is upper-case; ``flags`` are (name, value) as written, quotes removed; ``text`` is what
    follows them; ``words`` is that text split, or the strings of the JSON form.
    """

    keyword: str
    line: int
    last_line: int
    flags: tuple[tuple[str, str], ...] = ()
    text: str = ""
    words: tuple[str, ...] = ()
    is_json: bool = False
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str:
        """The last value of a flag, or empty."""
        return next((value for key, value in reversed(self.flags) if key == name), "")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One ``FROM`` and what follows it; ``base`` is as written, not expanded; ``name`` may be empty."""

    index: int
    name: str
    base: str
    line: int
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, kw_only=True)
class Dockerfile:
    """A Dockerfile; ``preamble`` are the instructions before the first FROM."""

    path: str
    escape: str
    syntax: str
    preamble: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    problems: tuple[Problem, ...]

    @property
    def instructions(self) -> Iterator[Instruction]:
        """All instructions in order, FROM lines left out."""
        yield from self.preamble
        for stage in self.stages:
            yield from stage.instructions


def read_dockerfile(text: str, path: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile's text; ``path`` is for messages only. What is wrong is in ``problems``."""
    lines, reading = read_lines(text)
    instructions = [_instruction(line, reading.escape) for line in lines]
    problems = [*reading.problems, *_problems(instructions)]
    first = next((i for i, instruction in enumerate(instructions) if instruction.keyword == "FROM"), None)
    if first is None:
        problems.append(Problem(1, "there is no FROM"))
    return Dockerfile(
        path=path,
        escape=reading.escape,
        syntax=reading.directives.get("syntax", ""),
        preamble=tuple(instructions[:first]),
        stages=tuple(_stages(instructions[first:])) if first is not None else (),
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
    )


def read_trigger(text: str, *, line: int, escape: str = "\\") -> Instruction:
    """The instruction that an ONBUILD holds (``COPY . /app``), as if it stood at ``line``."""
    return _instruction(Line(text=text.strip(), first=line, last=line), escape)


def _instruction(line: Line, escape: str) -> Instruction:
    keyword = match[0] if (match := _KEYWORD.match(line.text)) else ""
    rest = line.text[len(keyword) :].lstrip()
    keyword = keyword.upper()
    flags, rest = _flags(rest) if keyword in _TAKES_FLAGS else ((), rest)
    strings = _json_strings(rest) if keyword in _TAKES_JSON else None
    words = strings if strings is not None else _words(keyword, rest, escape)
    return Instruction(
        keyword=keyword,
        line=line.first,
        last_line=line.last,
        flags=flags,
        text=rest,
        words=words,
        is_json=strings is not None,
        heredocs=line.heredocs,
    )


def _words(keyword: str, text: str, escape: str) -> tuple[str, ...]:
    return split_quoted(text, escape=escape) if keyword in _QUOTED_WORDS else split_words(text)


def _flags(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    flags: list[tuple[str, str]] = []
    position = 0
    while match := _FLAG.match(text, position):
        flags.append((match[1], re.sub(r"\\(.)|[\"']", r"\1", match[2] or "")))
        position = match.end()
    return tuple(flags), text[position:]


def _json_strings(text: str) -> tuple[str, ...] | None:
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _problems(instructions: list[Instruction]) -> Iterator[Problem]:
    stages_begun = False
    for instruction in instructions:
        stages_begun = stages_begun or instruction.keyword == "FROM"
        if instruction.keyword not in _KNOWN:
            yield Problem(instruction.line, f"unknown instruction {instruction.keyword[:40]}")
        elif not instruction.text and not instruction.words and instruction.keyword != "ENTRYPOINT":
            yield Problem(instruction.line, f"{instruction.keyword} needs an argument")
        elif not stages_begun and instruction.keyword != "ARG":
            yield Problem(instruction.line, f"{instruction.keyword} stands before the first FROM")


def _stages(instructions: list[Instruction]) -> Iterator[Stage]:
    starts = [i for i, instruction in enumerate(instructions) if instruction.keyword == "FROM"]
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(instructions)], strict=True)):
        head = instructions[start]
        name = head.words[2] if len(head.words) > 2 and head.words[1].upper() == "AS" else ""
        yield Stage(
            index=index,
            name=name,
            base=head.words[0] if head.words else "",
            line=head.line,
            instructions=tuple(instructions[start + 1 : end]),
        )
