"""Which families and images are meant, and what stands on what."""

from collections.abc import Sequence

from pipeline.catalog.mistakes import nearest
from pipeline.catalog.model import Catalog
from pipeline.errors import UsageError


def in_order(catalog: Catalog) -> list[str]:
    """Names of the families, each after the one that it stands on, otherwise as declared."""
    ordered: dict[str, None] = {}
    for name in catalog.families:
        chain = family_chain(catalog, name)
        ordered |= dict.fromkeys(reversed(chain))
    return list(ordered)


def family_chain(catalog: Catalog, name: str) -> tuple[str, ...]:
    """A family and what it stands on, itself first; a family given by tag or digest ends the chain."""
    chain: list[str] = []
    while name and name not in chain:
        chain.append(name)
        family = catalog.families[name]
        name = family.base if family.is_built else ""
    return tuple(chain)


def chosen(catalog: Catalog, only: Sequence[str]) -> set[str]:
    """Names of the families and images that ``only`` means: ancestors and, of a family, descendants too.

    Empty means all. Raises UsageError for what is neither a family nor an image.
    """
    if not only:
        return {*catalog.families, *catalog.images}
    for name in only:
        if name not in catalog.families and name not in catalog.images:
            raise _unknown(catalog, name)
    named = {*only}
    wanted: set[str] = set()
    for name in (*catalog.families, *catalog.images):
        line = _ancestry(catalog, name)
        if named & {*line}:
            wanted.update(line)
    return wanted


def _ancestry(catalog: Catalog, name: str) -> tuple[str, ...]:
    if name in catalog.images:
        return (name, *family_chain(catalog, catalog.images[name].family))
    return family_chain(catalog, name)


def _unknown(catalog: Catalog, name: str) -> UsageError:
    owners = [image.name for image in catalog.images.values() for each in image.services if each.name == name]
    hint = (
        f"it is a service of {owners[0]}" if owners else nearest(name, (*catalog.families, *catalog.images))
    )
    return UsageError(
        f"there is no family or image {name!r}; {hint}",
        where="--only",
        consequence="nothing is planned or built",
        next_step=f"use --only {owners[0]}" if owners else "use a name of the catalog",
    )
