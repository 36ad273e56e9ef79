"""What an image's configuration says, and which platforms a reference has images for."""

import json
from typing import Any

from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import Manifest, platform_name


async def image_config(registry: Registry, repository: str, manifest: Manifest) -> dict[str, Any]:
    """The image's configuration (image-spec 1.1, config.md); empty for what is no image."""
    try:
        body = await registry.read_blob(repository, manifest.content["config"]["digest"])
        config = json.loads(body or b"{}")
    except (KeyError, TypeError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


async def running_config(registry: Registry, repository: str, digest: str) -> dict[str, Any]:
    """How an image is run: ``config`` of its configuration; of an index its first, of what is none ``{}``."""
    manifest = await registry.manifest(repository, digest)
    if manifest is not None and manifest.platforms:
        manifest = await registry.manifest(repository, next(iter(manifest.platforms.values())))
    config = await image_config(registry, repository, manifest) if manifest is not None else {}
    found = config.get("config")
    return found if isinstance(found, dict) else {}


async def platforms_there(registry: Registry, repository: str, reference: str) -> tuple[str, ...]:
    """The platforms of an index, or the one of an image; none for what is absent or neither."""
    manifest = await registry.manifest(repository, reference)
    if manifest is None:
        return ()
    if manifest.is_index:
        return tuple(manifest.platforms)
    name = platform_name(await image_config(registry, repository, manifest))
    return (name,) if name else ()
