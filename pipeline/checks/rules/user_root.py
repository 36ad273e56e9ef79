"""An image does not run as root."""

from collections.abc import Iterator

from pipeline.checks.facts.ground import find_ground, runs_as_root
from pipeline.checks.facts.users import ROOT, last_user
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for _, subject in inspection.images:
        user = last_user(inspection, subject)
        if user.name in ROOT:
            yield _hit(user.owner, user.line, subject, f"runs as {user.text}")
        elif not user.text and runs_as_root(find_ground(inspection, subject), inspection.catalog.root.source):
            yield _hit(
                subject, subject.final_line, subject, "sets no USER, nor does its family: it runs as root"
            )


def _hit(owner: Subject, line: int, subject: Subject, what: str) -> Hit:
    name = subject.unit.name
    return Hit(file=owner.unit.dockerfile, line=line, subject=name, message=f"{name} {what}")


RULE = Rule(
    id="user-root",
    severity="warning",
    about="The last USER of an image, or of its family, is not root.",
    consequence="whoever breaks into the service is root in its container",
    fix="end the Dockerfile with USER 10001, or another user that its family has",
    find=_find,
)
