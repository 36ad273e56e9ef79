"""Ports of the catalog are EXPOSEd. A warning only: editing the catalog must not rebuild an image."""

from collections.abc import Iterator

from pipeline.catalog.model import Image
from pipeline.checks.facts.health import find_healthcheck
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.scope import exposed_ports


def _find(inspection: Inspection) -> Iterator[Hit]:
    for image, subject in inspection.images:
        if inspection.stands_on_unknown(subject):
            continue
        exposed = {port for each in inspection.chain(subject) for port in _exposed(each)}
        for service in image.smoked:
            for port in dict.fromkeys((*service.ports, *_fixed_health_port(inspection, subject))):
                if port not in exposed:
                    yield _hit(inspection, image, subject, service.name, port)


def _hit(inspection: Inspection, image: Image, subject: Subject, service: str, port: int) -> Hit:
    return Hit(
        file=subject.unit.dockerfile,
        line=subject.final_line,
        subject=service,
        message=f"port {port} of {service} is not EXPOSEd by {image.name}",
        fix=f"add EXPOSE {port}",
    )


def _exposed(subject: Subject) -> Iterator[int]:
    for stage in subject.final_stages:
        for instruction in stage.stage.instructions:
            if instruction.keyword == "EXPOSE":
                yield from exposed_ports(instruction.words, stage.scope)


def _fixed_health_port(inspection: Inspection, subject: Subject) -> tuple[int, ...]:
    """NB: a port that follows HEALTH_PORT is the catalog's to choose, and cannot be EXPOSEd beforehand."""
    check = find_healthcheck(inspection, subject)
    return (check.port,) if check and check.port else ()


RULE = Rule(
    id="port-exposed",
    severity="warning",
    about="Ports that the catalog declares are EXPOSEd.",
    consequence="people and tools that read the image do not see the port",
    fix="add EXPOSE",
    find=_find,
)
