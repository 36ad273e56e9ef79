"""Platforms of the engine and of bases: which one is tested here, and what can be built at all."""

from collections.abc import Mapping

from dagger import dag

from pipeline.catalog.model import Catalog
from pipeline.catalog.platform_choice import fleet_platforms, platforms_of
from pipeline.catalog.platforms import USUAL, missing_from, normalised
from pipeline.errors import RegistryError
from pipeline.planning.units import Published, Survey
from pipeline.registry.oci.images import platforms_there
from pipeline.stages.access import Registries
from pipeline.together import together


async def native_platform() -> str:
    """What the engine runs without emulation, ``linux/amd64``."""
    return normalised(await dag.default_platform())


async def native_where_needed(catalog: Catalog) -> str:
    """The same, or empty where nothing of the fleet is for several platforms: then no engine is asked."""
    names = (*catalog.families, *catalog.images)
    several = any(len(platforms_of(catalog, name)) > 1 for name in names)
    return await native_platform() if several or len(fleet_platforms(catalog.fleet)) > 1 else ""


async def demand_platforms(found: Survey, digests: Mapping[str, str], ask: Registries) -> None:
    """Make sure that what is built stands on bases that have its platforms.

    Only what the fleet does not build is asked for, and not where the usual platform is all that is wanted:
    then the build says so; ``digests`` are theirs by reference. Raises RegistryError with all that is lacking
    of the first such base.
    """

    async def look(base: Published) -> None:
        units = [unit for unit in found.units if unit.base == base.name and unit.platforms != (USUAL,)]
        if not units:
            return
        repository, digest = base.reference.name, digests[str(base.reference)]
        there = await platforms_there(await ask.of(repository), repository, digest)
        wanted = dict.fromkeys(platform for unit in units for platform in unit.platforms)
        if lacking := missing_from(wanted, there):
            raise RegistryError(
                f"{base.name} is there for {', '.join(there) or 'no platform'}, not for {', '.join(lacking)}",
                where=str(base.reference),
                consequence=f"{', '.join(unit.name for unit in units)} cannot be built for it",
                next_step="push an index that has it (docker buildx build --platform A,B --push), "
                "or say `platforms` without it in the catalog",
            )

    await together(found.published, look)
