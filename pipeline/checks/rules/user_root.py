"""An image does not run as root."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule

_ROOT = {"root", "0"}


def _find(inspection: Inspection) -> Iterator[Hit]:
    for _, subject in inspection.images:
        owner, line, user = _last_user(inspection, subject)
        if user.partition(":")[0] in _ROOT:
            yield _hit(owner, line, subject, f"runs as {user}")
        elif not user and not inspection.stands_on_unknown(subject):
            yield _hit(
                subject, subject.final_line, subject, "sets no USER, nor does its family: it runs as root"
            )


def _hit(owner: Subject, line: int, subject: Subject, what: str) -> Hit:
    name = subject.unit.name
    return Hit(file=owner.unit.dockerfile, line=line, subject=name, message=f"{name} {what}")


def _last_user(inspection: Inspection, subject: Subject) -> tuple[Subject, int, str]:
    for each in inspection.chain(subject):
        for stage in each.final_stages:
            for instruction in reversed(stage.stage.instructions):
                if instruction.keyword == "USER":
                    return each, instruction.line, stage.scope.expand(instruction.text.strip()).text
    return subject, subject.final_line, ""


RULE = Rule(
    id="user-root",
    severity="warning",
    about="The last USER of an image, or of its family, is not root.",
    consequence="whoever breaks into the service is root in its container",
    fix="end the Dockerfile with USER 10001, or another user that its family has",
    find=_find,
)
