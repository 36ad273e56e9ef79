"""A service gets time to start before a failed health check counts."""

from collections.abc import Iterator

from pipeline.catalog.model import Image
from pipeline.catalog.service import Service
from pipeline.checks.facts.health import HealthCheck, find_healthcheck
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    seen: set[tuple[str, int]] = set()
    for image, subject in inspection.images:
        check = find_healthcheck(inspection, subject)
        if check is not None and check.starts:
            continue
        for service in image.smoked:
            hit = _hit(inspection, image, service, check)
            if hit is not None and (hit.file, hit.line) not in seen:
                seen.add((hit.file, hit.line))
                yield hit


def _hit(inspection: Inspection, image: Image, service: Service, check: HealthCheck | None) -> Hit | None:
    """At the HEALTHCHECK where there is one, else at the service's health in the catalog."""
    if service.health and service.health.start_period:
        return None
    if check is not None and not check.is_none:
        return Hit(
            file=check.file,
            line=check.line,
            subject=image.name,
            message=f"HEALTHCHECK has no --start-period, nor has the catalog one for {service.name}",
        )
    if service.health is None:
        return None
    return Hit(
        file=inspection.places.filename,
        line=inspection.service_line(image, service),
        subject=service.name,
        message=f"the health of {service.name} has no start_period",
        fix='add start_period = "20s" to its health: the longest that it may take to load',
    )


RULE = Rule(
    id="health-start",
    severity="warning",
    about="A health check has a start period, in the HEALTHCHECK or in the catalog.",
    consequence="a service that loads a model is called unhealthy, and restarted, before it was ever ready",
    fix="add --start-period=20s to the HEALTHCHECK: the longest that the service may take to load",
    find=_find,
)
