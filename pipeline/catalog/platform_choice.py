"""What each family and image is for: its own platforms, else those of what it stands on, else the fleet's."""

from collections.abc import Iterator

from pipeline.catalog.mistakes import Mistake
from pipeline.catalog.model import Catalog, Fleet
from pipeline.catalog.platforms import missing_from


def fleet_platforms(fleet: Fleet) -> tuple[str, ...]:
    """What a fleet is for where nothing else is said."""
    return fleet.platforms or (fleet.platform,)


def platforms_of(catalog: Catalog, name: str) -> tuple[str, ...]:
    """What a family or image is for. A family that the catalog does not have says nothing."""
    image = catalog.images.get(name)
    if image and image.platforms:
        return image.platforms
    below = image.family if image else name
    seen: set[str] = set()
    while below in catalog.families and below not in seen:  # NB: a cycle is told elsewhere
        seen.add(below)
        family = catalog.families[below]
        if family.platforms:
            return family.platforms
        below = family.base if family.is_built else ""
    return fleet_platforms(catalog.fleet)


def unfit_platforms(catalog: Catalog) -> Iterator[Mistake]:
    """Platforms that something is for and the family below it is not."""
    built = [each for each in catalog.families.values() if each.is_built]
    asked = [(f"families.{each.name}", each.name, each.base) for each in built]
    asked += [(f"images.{each.name}", each.name, each.family) for each in catalog.images.values()]
    for table, name, base in asked:
        if base not in catalog.families:
            continue
        there = platforms_of(catalog, base)
        lacking = missing_from(platforms_of(catalog, name), there)
        if lacking:
            yield Mistake(
                table=table,
                key="platforms",
                what=f"{base}, which it stands on, is not for {', '.join(lacking)}",
                hint=f"it is for {', '.join(there)}: add to its platforms, or take away here",
            )
