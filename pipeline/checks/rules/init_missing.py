"""An image without the init that the fleet adds brings its own."""

from collections.abc import Iterator

from pipeline.checks.facts.commands import find_start
from pipeline.checks.facts.inits import is_init
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, subject in inspection.images:
        if image.init:
            continue
        start = find_start(inspection, subject, "ENTRYPOINT") or find_start(inspection, subject, "CMD")
        words = start.instruction.words if start else ()
        if words and not is_init(words):
            yield Hit(
                file=inspection.places.filename,
                line=inspection.places.image(image.name),
                subject=image.name,
                message=f"init = false, but {image.name} starts {words[0]}, which is no init",
            )


RULE = Rule(
    id="init-missing",
    severity="warning",
    about="An image with init = false starts an init of its own.",
    consequence="PID 1 ignores signals that it has no handler for, and nobody reaps its children",
    fix="remove init = false, or start tini or another init in the ENTRYPOINT",
    find=_find,
)
