"""Containers into Docker images: only when something needs one, and each only once."""

import asyncio
from typing import Any

from pipeline.local import docker
from pipeline.local.engine.archive import write_layer
from pipeline.local.engine.container import Container
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.layout import settled


async def image_of(engine: Engine, container: Container) -> docker.DockerImage:
    """The image that this container is: its files and exactly its configuration."""
    files = await files_of(engine, container)
    if files is not None and dict(files.config) == dict(container.config):
        return files
    connection = await engine.docker()
    key = f"configured {files.id if files else container.platform} {sorted(container.config.items())!r}"

    async def configure() -> docker.DockerImage:
        return await connection.derive(files, config=container.config, platform=container.platform)

    return await engine.flights.once(key, configure)


async def files_of(engine: Engine, container: Container) -> docker.DockerImage | None:
    """An image with its files, whatever the configuration; None if there are none at all."""
    base = await base_image(engine, container.base)
    if not container.files.entries and not container.removed:
        return base
    below = base.id if base else container.platform
    key = f"layer {below} {container.files.digest} {sorted(container.removed)!r}"
    return await engine.flights.once(key, lambda: _layered(engine, base, container))


async def base_image(
    engine: Engine, base: docker.DockerImage | docker.Container | None
) -> docker.DockerImage | None:
    """The image below; what a command left behind is committed now."""
    if not isinstance(base, docker.Container):
        return base
    connection, ended = await engine.docker(), base
    return await engine.flights.once(
        f"commit {ended.id}", lambda: connection.commit(ended, config=ended.image.config)
    )


async def _layered(
    engine: Engine, base: docker.DockerImage | None, container: Container
) -> docker.DockerImage:
    connection = await engine.docker()
    tree = await settled(engine, base, container.files) if base else container.files
    layer = engine.folder / f"layer-{tree.digest.partition(':')[2]}-{id(container)}.tar"
    try:
        await asyncio.to_thread(write_layer, layer, tree, engine.blobs, removed=container.removed)
        config: Any = base.config if base else {}
        return await connection.derive(base, config=config, layers=[layer], platform=container.platform)
    finally:
        layer.unlink(missing_ok=True)
