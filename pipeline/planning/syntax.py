"""What BuildKit would refuse to read in a Dockerfile, instruction by instruction.

Source: frontend/dockerfile/parser and frontend/dockerfile/instructions of BuildKit.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from pipeline.catalog.mistakes import nearest
from pipeline.dockerfile.instruction import Instruction, read_strings, read_trigger
from pipeline.dockerfile.lines import Problem
from pipeline.durations import is_duration

_FLAGS = {
    "ADD": ("checksum", "chmod", "chown", "exclude", "keep-git-dir", "link", "unpack"),
    "COPY": ("chmod", "chown", "exclude", "from", "link", "parents"),
    "FROM": ("platform",),
    "HEALTHCHECK": ("interval", "retries", "start-interval", "start-period", "timeout"),
    "RUN": ("device", "mount", "network", "security"),
}
_KNOWN = {
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}
_MAY_BE_EMPTY = {"CMD", "ENTRYPOINT"}
_NO_TRIGGER = {"FROM", "MAINTAINER", "ONBUILD"}
_JSON = {"ADD", "COPY", "CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"}
_STAGE_NAME = re.compile(r"[a-z][a-z0-9._-]*")
_FROM_WORDS = (1, 3)


def find_problems(instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """Every instruction that BuildKit refuses, with the first reason it would give."""
    stages_begun = False
    for instruction in instructions:
        stages_begun = stages_begun or instruction.keyword == "FROM"
        what = _refusal(instruction)
        if not what and not stages_begun and instruction.keyword != "ARG":
            what = f"{instruction.keyword} stands before the first FROM"
        if what:
            yield Problem(instruction.line, what)


def _refusal(instruction: Instruction) -> str:
    keyword = instruction.keyword
    if not keyword:
        return "a line is continued, and nothing follows"
    if keyword not in _KNOWN:
        hint = nearest(keyword[:40], _KNOWN)
        return f"unknown instruction {keyword[:40]}" + (f"; {hint}" if hint.startswith("did you") else "")
    if flag := _unknown_flag(instruction):
        return flag
    if not instruction.text and keyword not in _MAY_BE_EMPTY:
        return f"{keyword} needs an argument"
    if keyword in _JSON and not instruction.is_json and read_strings(instruction.text) is not None:
        return f"the JSON form of {keyword} takes strings only"
    check = _CHECKS.get(keyword)
    return check(instruction) if check else ""


def _unknown_flag(instruction: Instruction) -> str:
    known = _FLAGS.get(instruction.keyword, ())
    for name, _ in instruction.flags:
        if name not in known:
            hint = f"; {nearest(name[:40], known)}" if known else ""
            return f"{instruction.keyword} has no flag --{name[:40]}{hint}"
    return ""


def _from(instruction: Instruction) -> str:
    words = instruction.words
    if len(words) not in _FROM_WORDS or (len(words) > 1 and words[1].upper() != "AS"):
        return "FROM takes an image, or an image, AS and a name"
    if len(words) > 1 and not _STAGE_NAME.fullmatch(words[2].lower()):
        return f"{words[2]} cannot name a stage: a letter, then letters, digits and . _ -"
    return ""


def _copy(instruction: Instruction) -> str:
    return "" if len(instruction.words) > 1 else f"{instruction.keyword} needs a source and a destination"


def _pairs(instruction: Instruction) -> str:
    for name, value, joint in instruction.pairs:
        if not joint and not value:
            return f"{instruction.keyword} {name} needs a value"
        if not name:
            return f"{instruction.keyword} needs a name before ="
    if "=" in instruction.words[0]:
        bare = next((word for word in instruction.words if "=" not in word), "")
        return f"there is no = in {bare}: {instruction.keyword} takes name=value" if bare else ""
    return ""


def _arg(instruction: Instruction) -> str:
    return "ARG needs a name before =" if any(word.startswith("=") for word in instruction.words) else ""


def _healthcheck(instruction: Instruction) -> str:
    kind, *command = instruction.words
    if kind.upper() == "NONE":
        return "HEALTHCHECK NONE takes no arguments" if command else ""
    if kind.upper() != "CMD":
        return f"HEALTHCHECK is followed by CMD or NONE, not by {kind}"
    if not command:
        return "HEALTHCHECK CMD needs a command"
    return next((what for name, value in instruction.flags if (what := _health_flag(name, value))), "")


def _health_flag(name: str, value: str) -> str:
    if name == "retries":
        return "" if value.isdecimal() or not value else f"--retries={value} is no number"
    return "" if not value or is_duration(value) else f"--{name}={value} is no duration such as 30s"


def _onbuild(instruction: Instruction) -> str:
    trigger = read_trigger(instruction.text, line=instruction.line, heredocs=instruction.heredocs)
    if trigger.keyword in _NO_TRIGGER:
        return f"{trigger.keyword} cannot stand in an ONBUILD"
    what = _refusal(trigger)
    return f"ONBUILD: {what}" if what else ""


def _shell(instruction: Instruction) -> str:
    return "" if instruction.is_json and instruction.words else 'SHELL takes the JSON form: ["/bin/sh", "-c"]'


_CHECKS: dict[str, Callable[[Instruction], str]] = {
    "ADD": _copy,
    "ARG": _arg,
    "COPY": _copy,
    "ENV": _pairs,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "ONBUILD": _onbuild,
    "SHELL": _shell,
}
