"""Every family has an image or a family that stands on it."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    catalog = inspection.catalog
    used = {image.family for image in catalog.images.values()}
    used |= {family.base for family in catalog.families.values()}
    for name in catalog.families:
        if name not in used:
            yield Hit(
                file=inspection.places.filename,
                line=inspection.places.family(name),
                subject=name,
                message=f"nothing stands on {name}",
            )


RULE = Rule(
    id="family-unused",
    severity="warning",
    about="An image or another family stands on every family.",
    consequence="it is built, tested and released for nothing",
    fix="remove it from the catalog, or correct the family of the image that should stand on it",
    find=_find,
)
