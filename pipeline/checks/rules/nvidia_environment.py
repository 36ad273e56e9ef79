"""What NVIDIA's container runtime looks at is set somewhere between the first family and the image."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule

# https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
_NEEDED = ("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES")


def _find(inspection: Inspection) -> Iterator[Hit]:
    lacking: dict[str, tuple[Subject, list[str]]] = {}
    for _, subject in inspection.images:
        chain = inspection.chain(subject)
        if not _is_gpu(inspection, chain) or inspection.stands_on_unknown(subject):
            continue
        present = {name for each in chain for stage in each.final_stages for name in stage.scope.environment}
        missing = [name for name in _NEEDED if name not in present]
        if missing:
            lacking.setdefault(f"{chain[-1].unit.name} {missing}", (chain[-1], missing))
    for owner, missing in lacking.values():
        yield Hit(
            file=owner.unit.dockerfile,
            line=owner.final_line,
            subject=owner.unit.name,
            message=f"{' and '.join(missing)} not set in {owner.unit.name} or in what stands on it",
        )


def _is_gpu(inspection: Inspection, chain: tuple[Subject, ...]) -> bool:
    families = inspection.catalog.families
    return any(families[each.unit.name].cuda for each in chain if each.unit.name in families)


RULE = Rule(
    id="nvidia-environment",
    severity="warning",
    about="A family with CUDA, or what stands on it, sets what NVIDIA's container runtime looks at.",
    consequence="the container sees no GPU unless whoever starts it sets them",
    fix="add ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility to the first family",
    find=_find,
)
