"""A target's driver that runs a family's CUDA in part only, or of which nothing is known here."""

from collections.abc import Iterator

from pipeline.checks.drivers import Fit, fit, toolkit_driver
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for target in inspection.catalog.targets.values():
        for family in inspection.catalog.families.values():
            what = _what(target.driver, family.cuda) if family.cuda else ""
            if what:
                yield Hit(
                    file=inspection.places.filename,
                    line=inspection.places.target(target.name),
                    subject=target.name,
                    message=f"driver {target.driver} of {target.name}, {family.name}: {what}",
                )


def _what(driver: str, cuda: str) -> str:
    match fit(driver, cuda):
        case Fit.LIMITED:
            own = toolkit_driver(cuda)
            return f"older than {own}, which CUDA {cuda} came with (minor version compatibility holds)"
        case Fit.UNKNOWN:
            return f"no driver is known for CUDA {cuda}"
        case _:
            return ""


RULE = Rule(
    id="target-toolkit",
    severity="warning",
    about="The driver declared for a target is as new as the one that the family's CUDA came with.",
    consequence="code that is compiled for the GPU at run time (PTX) may fail there, other code runs",
    fix="install a newer driver on the target, or acknowledge this with its reason",
    find=_find,
)
