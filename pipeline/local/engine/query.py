"""Query and Host: where everything begins. A folder of the machine is read once in a session."""

import asyncio
from pathlib import Path

from pipeline.local.engine.engine import Engine
from pipeline.local.engine.operations import serves
from pipeline.local.engine.seen import Seen, seen_of
from pipeline.local.engine.states import CacheVolume, Directory, File
from pipeline.local.engine.walk import entry_of, taker, walked
from pipeline.local.patterns import Filter, cleaned
from pipeline.local.tree import Tree

API_VERSION = "v0.21.8"  # of the engine whose answers these are


@serves("Query.version")
def version() -> str:
    """The release of the Dagger API that is answered."""
    return API_VERSION


@serves("Query.defaultPlatform")
async def default_platform(*, engine: Engine) -> str:
    """What Docker runs without emulation."""
    facts = (await engine.docker()).client.engine
    return f"{facts['Os']}/{facts['Arch']}"


@serves("Query.cacheVolume")
def cache_volume(*, key: str) -> CacheVolume:
    """A folder that outlives containers."""
    return CacheVolume(key=key)


@serves("Query.host")
def host() -> Path:
    """The machine, seen from the folder that the engine was started in."""
    return Path.cwd()


@serves("Host.directory")
async def directory(
    host: Path, *, engine: Engine, path: str, exclude: list[str], include: list[str], no_cache: bool
) -> Directory:
    """A folder as it is now; asked again in the session it is the same, unless ``no_cache``."""
    root, wanted = host / path, Filter(tuple(map(cleaned, include)), tuple(map(cleaned, exclude)))
    tree = await asyncio.to_thread(_read, engine, root, wanted)
    return Directory(tree=tree, name=root.name)


def _read(engine: Engine, root: Path, wanted: Filter) -> Tree:
    if (seen := engine.seen.get(root)) is None:
        seen = engine.seen[root] = seen_of(root, place=engine.memory)
    tree = walked(root, wanted, taker(engine.blobs, seen))
    seen.save()
    return tree


@serves("Host.file")
async def file(host: Path, *, engine: Engine, path: str, no_cache: bool) -> File:
    """A file as it is now."""
    real = await asyncio.to_thread((host / path).resolve)
    entry = await asyncio.to_thread(entry_of, real, taker(engine.blobs, Seen()))
    return File(name=Path(path).name, entry=entry)
