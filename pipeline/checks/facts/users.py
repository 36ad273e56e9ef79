"""Which user an image runs as."""

from dataclasses import dataclass

from pipeline.checks.inspection import Inspection, Subject

ROOT = frozenset({"root", "0"})


@dataclass(frozen=True, kw_only=True)
class LastUser:
    """The last USER of a chain: ``name`` without its group, empty where there is no USER."""

    name: str
    owner: Subject
    line: int
    text: str


def last_user(inspection: Inspection, subject: Subject) -> LastUser:
    """The user that an image or its family sets last."""
    for each in inspection.chain(subject):
        for stage in each.final_stages:
            for instruction in reversed(stage.stage.instructions):
                if instruction.keyword == "USER":
                    text = stage.scope.expand(instruction.text.strip()).text
                    return LastUser(name=text.partition(":")[0], owner=each, line=instruction.line, text=text)
    return LastUser(name="", owner=subject, line=subject.final_line, text="")
