"""A service that the team lists under one family is built on it."""

from collections.abc import Iterator

from pipeline.catalog.order import all_services
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, service in all_services(inspection.catalog):
        listed = service.listed_family
        if listed and listed != image.family:
            yield Hit(
                file=inspection.places.filename,
                line=inspection.service_line(image, service),
                subject=service.name,
                message=f"{service.name} is listed under {listed}, {image.name} stands on {image.family}",
            )


RULE = Rule(
    id="service-family",
    severity="warning",
    about="A service is built on the family that it is listed under.",
    consequence="libraries that its family promises may be missing",
    fix="move it to an image of that family, or acknowledge it with a reason",
    find=_find,
)
