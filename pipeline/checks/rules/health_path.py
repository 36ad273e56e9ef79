"""HEALTHCHECK and catalog ask the same path."""

from collections.abc import Iterator

from pipeline.checks.facts.health import find_healthcheck
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, subject in inspection.images:
        check = find_healthcheck(inspection, subject)
        if check is None or not check.path:
            continue
        for service in image.smoked:
            asked = service.health
            if asked and asked.port is not None and not asked.script and asked.path != check.path:
                yield Hit(
                    file=check.file,
                    line=check.line,
                    subject=service.name,
                    message=f"HEALTHCHECK asks {check.path}, the catalog {asked.path} for {service.name}",
                )


RULE = Rule(
    id="health-path",
    severity="error",
    about="A HEALTHCHECK asks the path that the catalog says.",
    consequence="one of the two asks an endpoint that is not there",
    fix="make them the same",
    find=_find,
)
