"""Ports below 1024 are for root."""

from collections.abc import Iterator

from pipeline.checks.facts.users import ROOT, last_user
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule

# ip_unprivileged_port_start, Linux's ip-sysctl documentation.
_FIRST_FREE = 1024


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, subject in inspection.images:
        low = [(each, port) for each in image.smoked for port in each.inner_ports if port < _FIRST_FREE]
        user = last_user(inspection, subject).name if low else ""
        for service, port in low if user and user not in ROOT else ():
            yield Hit(
                file=inspection.places.filename,
                line=inspection.service_line(image, service),
                subject=service.name,
                message=f"{service.name} binds port {port} as user {user}",
                fix=f"bind {port + 8000} and publish it as {port}: host_port = {{ {port + 8000} = {port} }}",
            )


RULE = Rule(
    id="port-privileged",
    severity="warning",
    about="A service that does not run as root binds no port below 1024.",
    consequence="on the host's network, in Kubernetes and on older engines it cannot bind it",
    fix="bind a port above 1023, and publish it under the low one with host_port",
    find=_find,
)
