"""The build part alone, as the graph does it: all images of a fleet, on the local engine.

Usage: python tests/bench/builds.py FLEET REGISTRY

Prints the seconds that the builds took. The session is open before: what that costs is measured elsewhere.
"""

import asyncio
import sys
import time
from pathlib import Path

import anyio
import dagger
from dagger import dag

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.host.call import shortcuts
from pipeline.host.call.binding import connected
from pipeline.host.session import Engine
from pipeline.planning.discover import Survey, survey
from pipeline.planning.sources import Sources
from pipeline.stages.build import build
from pipeline.stages.pace import Pace
from pipeline.stages.request import Request


def read_fleet(root: Path, registry: str) -> Survey:
    """What is to be built."""
    catalog = load_catalog(root)
    fleet = catalog.fleet
    names = Names(registry=registry, organisation=fleet.organisation, namespace=fleet.namespace)
    return survey(catalog, Sources(root), names)


async def build_all(found: Survey, source: dagger.Directory) -> float:
    """Seconds, with as many builds at once, and as far apart, as a run has."""
    bases = {each.name: str(each.reference) for each in found.published}
    places, pace = anyio.CapacityLimiter(Request.jobs), Pace()
    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for unit in found.units:

            async def one(unit=unit) -> None:
                await pace.turn()
                async with places:
                    container = await build(source, unit, bases[unit.base], platform=unit.platforms[0])
                    await container.sync()

            group.start_soon(one)
    return time.perf_counter() - began


async def main(root: Path, engine: Engine) -> float:
    """Seconds of the builds."""
    found = read_fleet(root, sys.argv[2])
    address = engine.address()
    async with connected(address.port, address.token):
        return await build_all(found, await dag.host().directory(str(root)).sync())


if __name__ == "__main__":
    engine = Engine()
    shortcuts.take()
    try:
        print(asyncio.run(main(Path(sys.argv[1]), engine)))
    finally:
        engine.close()
