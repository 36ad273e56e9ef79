"""What one table of a catalog says about another: families, names, ports."""

from collections.abc import Iterator

from pipeline.catalog.mistakes import Mistake, nearest
from pipeline.catalog.model import Catalog, Image
from pipeline.catalog.order import wrong_order
from pipeline.catalog.platform_choice import unfit_platforms

_OF_THE_DEFAULT_COMMAND = (
    "health",
    "alive_for",
    "stop_time",
    "max_ready",
    "max_memory",
    "ports",
    "host_port",
    "core",
    "depends_on",
)
_BASE_ARGUMENT = "BASE_IMAGE"


def wrong_links(catalog: Catalog) -> Iterator[Mistake]:
    """Every mistake that only shows when tables are read together."""
    yield from _unknown_families(catalog)
    yield from _cycles(catalog)
    yield from _doubled_names(catalog)
    yield from _doubled_services(catalog)
    yield from _injected_arguments(catalog)
    yield from wrong_order(catalog)
    yield from unfit_platforms(catalog)
    for image in catalog.images.values():
        yield from _misplaced_service_keys(image)
        yield from _foreign_host_ports(image)


def _unknown_families(catalog: Catalog) -> Iterator[Mistake]:
    asked = [
        (f"families.{family.name}", "base", family.base)
        for family in catalog.families.values()
        if family.base
    ]
    asked += [(f"images.{image.name}", "family", image.family) for image in catalog.images.values()]
    asked += [
        (image.table_of(service), "listed_family", service.listed_family)
        for image in catalog.images.values()
        for service in image.services
        if service.listed_family
    ]
    for table, key, family in asked:
        if family not in catalog.families:
            yield Mistake(
                table=table, key=key, what=f"unknown family {family}", hint=nearest(family, catalog.families)
            )


def _cycles(catalog: Catalog) -> Iterator[Mistake]:
    """One mistake per cycle, told at its first family by name."""
    seen: set[str] = set()
    for start in sorted(catalog.families):
        path: list[str] = []
        name = start
        while name in catalog.families and name not in seen:
            seen.add(name)
            path.append(name)
            name = catalog.families[name].base
        if name in path:
            cycle = [*path[path.index(name) :], name]
            yield Mistake(
                table=f"families.{name}",
                key="base",
                what=f"families stand on each other in a cycle: {' → '.join(cycle)}",
            )


def _doubled_names(catalog: Catalog) -> Iterator[Mistake]:
    for name in sorted({*catalog.families} & {*catalog.images}):
        yield Mistake(table=f"images.{name}", what="is the name of a family, too", hint="rename one of them")
    if catalog.root.name in catalog.families:
        yield Mistake(table=f"families.{catalog.root.name}", what="is the name of the root image, too")
    if "release" in catalog.images:
        yield Mistake(
            table="images.release", what="is the name under which records are kept", hint="rename it"
        )


def _doubled_services(catalog: Catalog) -> Iterator[Mistake]:
    owners: dict[str, str] = {}
    for image in catalog.images.values():
        for service in image.smoked:
            if service.name in owners:
                what = f"there is already a service {service.name}, in {owners[service.name]}"
                yield Mistake(table=image.table_of(service), key="name", what=what, hint="rename one of them")
            owners.setdefault(service.name, image.name)
        if len(image.services) > 1 and image.name in {service.name for service in image.services}:
            what = "is the name of the image, under which its services are tested side by side"
            table = f"images.{image.name}.services.{image.name}"
            yield Mistake(table=table, key="name", what=what, hint="rename one of them")


def _injected_arguments(catalog: Catalog) -> Iterator[Mistake]:
    entries = [("families", entry) for entry in catalog.families.values()]
    for kind, entry in [*entries, *(("images", image) for image in catalog.images.values())]:
        if _BASE_ARGUMENT in entry.build_args:
            what = f"{_BASE_ARGUMENT} is injected from the family"
            yield Mistake(
                table=f"{kind}.{entry.name}", key=f"build_args.{_BASE_ARGUMENT}", what=what, hint="remove it"
            )


def _misplaced_service_keys(image: Image) -> Iterator[Mistake]:
    """Keys of the default command mean nothing where services are listed."""
    if image.services:
        for key in _OF_THE_DEFAULT_COMMAND:
            if key in image.model_fields_set:
                yield Mistake(
                    table=f"images.{image.name}",
                    key=key,
                    what="is for the default command, but services are listed",
                    hint=f"move {key} to a service",
                )


def _foreign_host_ports(image: Image) -> Iterator[Mistake]:
    for service in image.smoked:
        table = image.table_of(service)
        for port in service.host_port:
            if port not in service.inner_ports:
                known = [str(inner) for inner in service.inner_ports]
                what = f"{port} is no port of {service.name}"
                yield Mistake(table=table, key=f"host_port.{port}", what=what, hint=nearest(str(port), known))
