"""``HEALTHCHECK NONE`` where the catalog knows how to ask."""

from collections.abc import Iterator

from pipeline.checks.facts.health import find_healthcheck
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    seen: set[tuple[str, int]] = set()
    for image, subject in inspection.images:
        check = find_healthcheck(inspection, subject)
        if check is None or not check.is_none or (check.file, check.line) in seen:
            continue
        # NB: a service that nothing asks is a health-missing already.
        is_known = all(service.health or service.alive_for for service in image.smoked)
        if is_known and any(service.health for service in image.smoked):
            seen.add((check.file, check.line))
            yield Hit(
                file=check.file,
                line=check.line,
                subject=image.name,
                message=f"HEALTHCHECK NONE, though the catalog says how {image.name} is asked",
            )


RULE = Rule(
    id="health-none",
    severity="warning",
    about="A Dockerfile does not switch off a health check that the catalog has.",
    consequence="docker run never shows that the container is unhealthy; only Compose and the smoke test ask",
    fix="replace it with a HEALTHCHECK that asks http://localhost:${HEALTH_PORT}/health",
    find=_find,
)
