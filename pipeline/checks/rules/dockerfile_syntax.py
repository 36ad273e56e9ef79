"""A Dockerfile that BuildKit would not read."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        for problem in subject.dockerfile.problems:
            yield Hit(
                file=subject.unit.dockerfile,
                line=problem.line,
                subject=subject.unit.name,
                message=problem.what,
            )
        target = subject.unit.target
        if target and subject.dockerfile.stages and not subject.reads.needed:
            yield Hit(
                file=inspection.places.filename,
                line=inspection.places.image(subject.unit.name),
                subject=subject.unit.name,
                message=f"{subject.unit.dockerfile} has no stage {target}",
                fix="correct target, or name a stage with FROM … AS",
            )


RULE = Rule(
    id="dockerfile-syntax",
    severity="error",
    about="A Dockerfile can be read, and has the stage that the catalog names.",
    consequence="the build fails at this line",
    fix="correct the line",
    find=_find,
)
