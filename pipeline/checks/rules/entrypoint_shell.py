"""An ENTRYPOINT for a shell drops whatever should follow it."""

from collections.abc import Iterator

from pipeline.checks.facts.commands import find_start
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, subject in inspection.images:
        entrypoint = find_start(inspection, subject, "ENTRYPOINT")
        if entrypoint is None or not entrypoint.is_shell_form:
            continue
        dropped = [f"the command of {service.name}" for service in image.services if service.command]
        if find_start(inspection, subject, "CMD"):
            dropped.append("CMD")
        if dropped:
            yield Hit(
                file=entrypoint.subject.unit.dockerfile,
                line=entrypoint.instruction.line,
                subject=image.name,
                message=f"ENTRYPOINT is run by a shell: {dropped[0]} is never run",
            )


RULE = Rule(
    id="entrypoint-shell",
    severity="error",
    about="An ENTRYPOINT that a command follows is in JSON form.",
    consequence="every service of the image runs the ENTRYPOINT alone",
    fix='write it as JSON: ["program", "argument"]',
    find=_find,
)
