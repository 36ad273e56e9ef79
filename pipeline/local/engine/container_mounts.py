"""Container: mounts and bindings. They are no part of the image."""

from pipeline.local.engine.container import Container, Mount, Service
from pipeline.local.engine.container_files import owner_ids
from pipeline.local.engine.edits import changed, owned
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import CacheVolume, Directory, File, Secret


def _mount(container: Container, mount: Mount) -> Container:
    return container.changed(mounts=(*_without_mount(container, mount.target), mount))


def _without_mount(container: Container, target: str) -> tuple[Mount, ...]:
    return tuple(item for item in container.mounts if item.target != target)


@serves("Container.mounts")
def mounts(container: Container) -> list[str]:
    """The paths that mounts are at."""
    return [item.target for item in container.mounts]


@serves("Container.withoutMount")
def without_mount(container: Container, *, path: str, expand: bool) -> Container:
    """Without the mount at a path."""
    return container.changed(mounts=_without_mount(container, container.located(path, expand=expand)))


@serves("Container.withMountedDirectory")
async def with_mounted_directory(
    container: Container,
    *,
    engine: Engine,
    path: str,
    source: Directory,
    owner: str,
    expand: bool,
) -> Container:
    """With a copy of a directory at a path."""
    tree = changed(source.tree, owned(await owner_ids(engine, container, owner)))
    given = Directory(tree=tree, name=source.name)
    return _mount(container, Mount(target=container.located(path, expand=expand), source=given))


@serves("Container.withMountedFile")
async def with_mounted_file(
    container: Container, *, engine: Engine, path: str, source: File, owner: str, expand: bool
) -> Container:
    """With a copy of a file at a path."""
    entry = owned(await owner_ids(engine, container, owner))(source.entry)
    given = File(name=source.name, entry=entry)
    return _mount(container, Mount(target=container.located(path, expand=expand), source=given))


@serves("Container.withMountedCache")
def with_mounted_cache(container: Container, *, path: str, cache: CacheVolume, expand: bool) -> Container:
    """With a folder that outlives it."""
    return _mount(container, Mount(target=container.located(path, expand=expand), source=cache))


@serves("Container.withMountedTemp")
def with_mounted_temp(container: Container, *, path: str, size: int | None = None, expand: bool) -> Container:
    """With an empty folder in memory; ``size`` in bytes."""
    return _mount(
        container, Mount(target=container.located(path, expand=expand), source=None, size=size or 0)
    )


@serves("Container.withMountedSecret")
async def with_mounted_secret(
    container: Container, *, engine: Engine, path: str, source: Secret, owner: str, mode: int, expand: bool
) -> Container:
    """With a file in memory that holds a secret."""
    ids = await owner_ids(engine, container, owner)
    target = container.located(path, expand=expand)
    return _mount(container, Mount(target=target, source=source, mode=mode, owner=ids))


@serves("Container.withServiceBinding")
def with_service_binding(container: Container, *, alias: str, service: Service) -> Container:
    """With a service that commands reach by this name; it is started when one of them runs."""
    rest = tuple(item for item in container.bindings if item[0] != alias)
    return container.changed(bindings=(*rest, (alias, service)))
