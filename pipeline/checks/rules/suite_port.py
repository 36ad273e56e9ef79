"""Services of one image bind different ports, so that they can also run side by side."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, _ in inspection.images:
        owners: dict[int, str] = {}
        for service in image.smoked:
            for port in dict.fromkeys(service.inner_ports):
                first = owners.setdefault(port, service.name)
                # NB: without a host_port that tells them apart it is a port-collision already.
                other = next(each for each in image.smoked if each.name == first)
                if first != service.name and other.outer_port(port) != service.outer_port(port):
                    yield Hit(
                        file=inspection.places.filename,
                        line=inspection.service_line(image, service),
                        subject=service.name,
                        message=f"{first} and {service.name} both bind port {port} in {image.name}",
                    )


RULE = Rule(
    id="suite-port",
    severity="error",
    about="Services of one image bind different ports.",
    consequence="they cannot run side by side in one container or pod, whatever their host_port",
    fix="give one of them another port",
    find=_find,
)
