"""``ARG BASE_IMAGE`` must stand before the first FROM."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.dockerfile import Instruction
from pipeline.planning.reads import BASE_ARGUMENT


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        stages = subject.dockerfile.stages
        if stages and not any(_declares(each) for each in subject.dockerfile.preamble):
            yield _hit(subject, first_from=stages[0].line)


def _hit(subject: Subject, *, first_from: int) -> Hit:
    late = next((each.line for each in subject.dockerfile.instructions if _declares(each)), None)
    message = (
        f"there is no ARG {BASE_ARGUMENT}"
        if late is None
        else f"ARG {BASE_ARGUMENT} stands after the first FROM (line {first_from}), which cannot see it"
    )
    return Hit(
        file=subject.unit.dockerfile, line=late or first_from, subject=subject.unit.name, message=message
    )


def _declares(instruction: Instruction) -> bool:
    names = [word.partition("=")[0] for word in instruction.words]
    return instruction.keyword == "ARG" and BASE_ARGUMENT in names


RULE = Rule(
    id="base-argument",
    severity="error",
    about="Every Dockerfile declares ARG BASE_IMAGE before its first FROM.",
    consequence="the family cannot be injected: the image is built on something else, or not at all",
    fix="put ARG BASE_IMAGE above the first FROM",
    find=_find,
)
