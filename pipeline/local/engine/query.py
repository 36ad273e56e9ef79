"""Query: what is neither a directory nor a container."""

from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import unserved
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import CacheVolume, Directory

API_VERSION = "v0.21.8"  # of the engine whose answers these are


@serves("Query.version")
def version() -> str:
    """The release of the Dagger API that is answered."""
    return API_VERSION


@serves("Query.defaultPlatform")
async def default_platform(*, engine: Engine) -> str:
    """What Docker runs without emulation."""
    return (await engine.docker()).platform


@serves("Query.cacheVolume")
def cache_volume(*, key: str, source: Directory | None = None, sharing: str, owner: str) -> CacheVolume:
    """A folder that outlives containers."""
    unserved("Query.cacheVolume", source=source is not None, sharing=sharing != "SHARED", owner=owner)
    return CacheVolume(key=key)
