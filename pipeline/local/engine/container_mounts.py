"""Container: mounts and bindings. They are no part of the image."""

from pipeline.local.docker.model import CacheMount, DirectoryMount, FileMount, TmpfsMount
from pipeline.local.engine.container import Container, HiddenMount, Service, less
from pipeline.local.engine.edits import changed, stamp
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.looking import owner_ids
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import CacheVolume, Directory, File, Secret


@serves("Container.withoutMount")
def without_mount(container: Container, *, path: str) -> Container:
    """Without the mount at a path."""
    return container.changed(mounts=less(container.mounts, container.located(path)))


@serves("Container.withMountedDirectory")
async def with_mounted_directory(
    container: Container, *, engine: Engine, path: str, source: Directory, owner: str
) -> Container:
    """With a copy of a directory at a path."""
    tree = changed(source.tree, stamp(await owner_ids(engine, container, owner)))
    return container.mounted(DirectoryMount(target=container.located(path), tree=tree))


@serves("Container.withMountedFile")
async def with_mounted_file(
    container: Container, *, engine: Engine, path: str, source: File, owner: str
) -> Container:
    """With a copy of a file at a path."""
    entry = stamp(await owner_ids(engine, container, owner))(source.entry)
    return container.mounted(FileMount(target=container.located(path), entry=entry))


@serves("Container.withMountedCache")
def with_mounted_cache(container: Container, *, path: str, cache: CacheVolume) -> Container:
    """With a folder that outlives it."""
    return container.mounted(CacheMount(target=container.located(path), key=cache.key))


@serves("Container.withMountedTemp")
def with_mounted_temp(container: Container, *, path: str, size: int | None = None) -> Container:
    """With an empty folder in memory; ``size`` in bytes."""
    return container.mounted(TmpfsMount(target=container.located(path), size=size or 0))


@serves("Container.withMountedSecret")
async def with_mounted_secret(
    container: Container, *, engine: Engine, path: str, source: Secret, owner: str, mode: int
) -> Container:
    """With a file in memory that holds a secret."""
    ids = await owner_ids(engine, container, owner)
    target = container.located(path)
    return container.mounted(HiddenMount(target=target, secret=source, mode=mode, owner=ids))


@serves("Container.withServiceBinding")
def with_service_binding(container: Container, *, alias: str, service: Service) -> Container:
    """With a service that commands reach by this name; it is started when one of them runs."""
    return container.changed(bindings={**container.bindings, alias: service})
