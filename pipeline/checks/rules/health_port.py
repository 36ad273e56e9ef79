"""HEALTHCHECK and catalog ask the same port."""

from collections.abc import Iterator

from pipeline.checks.facts.health import find_healthcheck
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, subject in inspection.images:
        check = find_healthcheck(inspection, subject)
        if check is None or not check.port:
            continue
        for service in image.smoked:
            port = service.health.port if service.health else None
            if port is not None and port != check.port:
                yield Hit(
                    file=check.file,
                    line=check.line,
                    subject=service.name,
                    message=f"HEALTHCHECK asks port {check.port}, the catalog {port} for {service.name}",
                )


RULE = Rule(
    id="health-port",
    severity="error",
    about="A HEALTHCHECK asks the port that the catalog says, best through HEALTH_PORT.",
    consequence="Docker calls a healthy container unhealthy, or the smoke test waits until its deadline",
    fix="ask http://localhost:${HEALTH_PORT}/… in the HEALTHCHECK, or correct health.port",
    find=_find,
)
