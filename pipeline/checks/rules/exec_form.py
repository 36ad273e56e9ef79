"""What begins with [ is JSON: otherwise it is a command for a shell, brackets and all."""

import re
from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.dockerfile import Instruction

_LIKE_JSON = re.compile(r"\[\s*[\"'\u201c\u2018]")
_LIKE_LIST = re.compile(r"\[[^\s\[\]]+,")
_LISTS = {"CMD", "ENTRYPOINT", "HEALTHCHECK"}
_ALL = _LISTS | {"ADD", "COPY", "RUN", "VOLUME"}


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        for instruction in subject.dockerfile.instructions:
            if _is_broken(instruction):
                yield Hit(
                    file=subject.unit.dockerfile,
                    line=instruction.line,
                    subject=subject.unit.name,
                    message=f"{instruction.keyword} begins with [ and is no JSON: {instruction.text[:60]}",
                )


def _is_broken(instruction: Instruction) -> bool:
    if instruction.is_json or instruction.keyword not in _ALL:
        return False
    text = instruction.text
    if instruction.keyword == "HEALTHCHECK":
        text = text[len(instruction.words[0]) :].lstrip() if instruction.words else ""
    is_list = instruction.keyword in _LISTS and _LIKE_LIST.match(text) is not None
    return is_list or _LIKE_JSON.match(text) is not None


RULE = Rule(
    id="exec-form",
    severity="error",
    about="An instruction that begins with [ is a JSON array of strings in double quotes.",
    consequence="a shell gets it as it stands, and finds no program of that name",
    fix='write it as ["program", "argument"], in double quotes and with commas',
    find=_find,
)
