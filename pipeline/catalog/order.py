"""In which order services start: core services first, each after those that it depends on."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from pipeline.catalog.mistakes import Mistake, nearest
from pipeline.catalog.model import Catalog, Image
from pipeline.catalog.service import Service


def all_services(catalog: Catalog) -> Iterator[tuple[Image, Service]]:
    """Every service of the fleet with its image, in the catalog's order."""
    for image in catalog.images.values():
        for service in image.smoked:
            yield image, service


def dependencies(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Service to those that are up before it starts: the core, unless it is core itself, and its own."""
    core = [service.name for _, service in all_services(catalog) if service.core]
    return {
        service.name: tuple(dict.fromkeys([*([] if service.core else core), *service.depends_on]))
        for _, service in all_services(catalog)
    }


def start_order(catalog: Catalog) -> tuple[str, ...]:
    """All services, none before one that it waits for, else as the catalog has them."""
    waits = dependencies(catalog)
    ordered: dict[str, None] = {}

    def place(name: str) -> None:
        if name not in ordered:
            for needed in waits[name]:
                place(needed)
            ordered[name] = None

    for name in sorted(waits, key=lambda name: len(waits[name]) > 0):
        place(name)
    return tuple(ordered)


def wrong_order(catalog: Catalog) -> Iterator[Mistake]:
    """Services that wait for nobody known, or for each other."""
    waits = dependencies(catalog)
    for image, service in all_services(catalog):
        table = image.table_of(service)
        for name in service.depends_on:
            if name not in waits:
                yield Mistake(
                    table=table, key="depends_on", what=f"unknown service {name}", hint=nearest(name, waits)
                )
    known = {name: [each for each in needed if each in waits] for name, needed in waits.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        cycle = " → ".join(reversed(error.args[1]))
        yield Mistake(
            table="images",
            key="depends_on",
            what=f"services wait for each other in a cycle: {cycle}",
            hint="services that are not core wait for all that are",
        )
