"""``[[acknowledge]]``: what the team accepts is left out; an acknowledgement without effect is found."""

from collections.abc import Iterator, Sequence

from pipeline.catalog.mistakes import nearest
from pipeline.checks.inspection import Inspection
from pipeline.checks.rules import RULES
from pipeline.reporting.model import Finding

UNNEEDED = "acknowledgement-unneeded"


def sift(findings: Sequence[Finding], inspection: Inspection) -> Iterator[Finding]:
    """The findings that are not acknowledged, and one for each acknowledgement that changes nothing."""
    known = {(each.rule, each.subject) for each in inspection.catalog.acknowledge}
    found = {(finding.rule, finding.subject) for finding in findings}
    yield from (finding for finding in findings if (finding.rule, finding.subject) not in known)
    for index, each in enumerate(inspection.catalog.acknowledge):
        if (each.rule, each.subject) not in found:
            yield Finding(
                rule=UNNEEDED,
                severity="warning",
                file=inspection.places.filename,
                line=inspection.places.acknowledgement(index),
                subject=each.subject,
                message=_why(each.rule, each.subject),
                consequence="a later finding of this kind would be hidden",
                fix="remove this [[acknowledge]], or correct its rule and subject",
            )


def _why(rule: str, subject: str) -> str:
    ids = [each.id for each in RULES]
    if rule not in ids:
        return f"there is no rule {rule}; {nearest(rule, ids)}"
    return f"{rule} finds nothing in {subject} (any more)"
