"""No two services want the same port of the host."""

from collections.abc import Iterator

from pipeline.catalog.model import Image
from pipeline.catalog.order import all_services
from pipeline.catalog.service import Service
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    owners: dict[int, tuple[Image, Service, int]] = {}
    for image, service in all_services(inspection.catalog):
        for port in service.inner_ports:
            outer = service.outer_port(port)
            first = owners.setdefault(outer, (image, service, port))
            if first != (image, service, port):
                claims = f"{_who(*first)} and by {_who(image, service, port)}"
                yield Hit(
                    file=inspection.places.filename,
                    line=inspection.service_line(image, service),
                    subject=service.name,
                    message=f"host port {outer} is wanted by {claims}",
                    fix=f"give {service.name} another one: host_port = {{ {port} = … }}",
                )


def _who(image: Image, service: Service, port: int) -> str:
    role = "health" if service.health and service.health.port == port else "service"
    return f"{service.name} of {image.name} ({role} port {port})"


RULE = Rule(
    id="port-collision",
    severity="error",
    about="Service and health ports, host_port taken into account, are each wanted once on a host.",
    consequence="the second of them does not start on the target",
    fix="give one of them a host_port",
    find=_find,
)
