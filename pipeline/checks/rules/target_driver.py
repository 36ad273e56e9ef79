"""A target's declared driver must be new enough for the CUDA of every family that is used there."""

from collections.abc import Iterator

from pipeline.checks.drivers import Fit, fit, least_driver
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for target in inspection.catalog.targets.values():
        for family in inspection.catalog.families.values():
            if family.cuda and fit(target.driver, family.cuda) is Fit.TOO_OLD:
                least = least_driver(family.cuda)
                yield Hit(
                    file=inspection.places.filename,
                    line=inspection.places.target(target.name),
                    subject=target.name,
                    message=f"driver {target.driver} of {target.name} is too old for {family.name}: "
                    f"CUDA {family.cuda} runs on {least} and newer",
                    fix=f"install a driver of at least {least} there, or stand on a family of older CUDA",
                )


RULE = Rule(
    id="target-driver",
    severity="error",
    about="The driver declared for a target runs the CUDA of every family (NVIDIA's minimum drivers).",
    consequence="every kernel fails there: CUDA driver version is insufficient for CUDA runtime version",
    fix="install a newer driver on the target",
    find=_find,
)
