"""Every service says when it is ready: in the catalog or by a HEALTHCHECK."""

from collections.abc import Iterator

from pipeline.checks.facts.health import find_healthcheck
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, subject in inspection.images:
        silent = [each for each in image.smoked if each.health is None and each.alive_for is None]
        check = find_healthcheck(inspection, subject) if silent else None
        if check is not None and not check.is_none:
            continue
        for service in silent if check or not inspection.stands_on_unknown(subject) else ():
            yield Hit(
                file=inspection.places.filename,
                line=inspection.service_line(image, service),
                subject=service.name,
                message=f"{service.name} has no health, and {subject.unit.dockerfile} no HEALTHCHECK",
            )


RULE = Rule(
    id="health-missing",
    severity="error",
    about="Every service has health in the catalog, a HEALTHCHECK in its Dockerfile or family, or alive_for.",
    consequence="nothing can tell whether it works before it has a name",
    fix='add health = { port = …, path = "/health" }, or alive_for = "5s" if it has no health to ask for',
    find=_find,
)
