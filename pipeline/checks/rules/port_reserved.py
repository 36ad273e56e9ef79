"""Ports that a target keeps for itself."""

from collections.abc import Iterator

from pipeline.catalog.order import all_services
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    reserved = {
        port: target.name for target in inspection.catalog.targets.values() for port in target.reserved_ports
    }
    for image, service in all_services(inspection.catalog) if reserved else ():
        for port in service.inner_ports:
            outer = service.outer_port(port)
            if outer in reserved:
                yield Hit(
                    file=inspection.places.filename,
                    line=inspection.service_line(image, service),
                    subject=service.name,
                    message=f"host port {outer} of {service.name} is reserved on {reserved[outer]}",
                    fix=f"give it another one: host_port = {{ {port} = … }}",
                )


RULE = Rule(
    id="port-reserved",
    severity="error",
    about="No service wants a port that a target lists in reserved_ports.",
    consequence="it does not start on that target",
    fix="give it a host_port",
    find=_find,
)
