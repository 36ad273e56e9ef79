"""What a registry tells about one repository: is it there, may we push, who may pull, what is the newest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import RegistryError
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.images import image_config
from pipeline.registry.oci.media import Manifest
from pipeline.reporting.preflight import UNKNOWN, Package

SOURCE_LABEL = "org.opencontainers.image.source"
_RELEASE = re.compile(r"\d{8}-[0-9a-f]{7}(\.\d+)?")
Layers = tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A repository to look at; ``prefer`` are the tags or digests that the plan means, best first."""

    kind: str
    name: str
    repository: str
    prefer: tuple[str, ...] = ()
    pushed: bool = True


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A package, and the layers (digest and bytes) of the image that stands for it."""

    package: Package
    layers: Layers = ()


async def look_at(
    registry: Registry, stranger: Registry, wanted: Wanted, *, platforms: Sequence[str]
) -> Looked:
    """Ask everything about one repository; what the registry does not say stays unknown.

    Of an index the images for ``platforms`` count, the first of them for what is told about one.
    ``stranger`` is a client of the same registry without credentials. Nothing is left behind.
    """
    package = Package(kind=wanted.kind, name=wanted.name, repository=wanted.repository)
    package = package.model_copy(update=await _push(registry, wanted))
    try:
        tags = await registry.tags(wanted.repository)
    except RegistryError as error:
        return Looked(package=package.model_copy(update={"state_because": error.what}))
    if tags is None:
        return Looked(package=package.model_copy(update={"state": "absent"}))
    package = package.model_copy(update={"state": "present"})
    reference = newest(tags, wanted.prefer)
    if not reference:
        return Looked(package=package)
    try:
        image, layers = await _image(registry, wanted.repository, reference, platforms)
    except RegistryError as error:
        return Looked(package=package.model_copy(update={"state_because": error.what}))
    public = await _public(stranger, wanted.repository, reference)
    return Looked(
        package=package.model_copy(update={"tag": reference, "public": public, **image}), layers=layers
    )


def newest(tags: Sequence[str], prefer: Sequence[str]) -> str:
    """The tag that stands for a repository: a preferred one, else the last release, else any candidate.

    NB: registries tell no times; release tags begin with their date. A preferred digest needs no tag.
    """
    wanted = next((each for each in prefer if each in tags or each.startswith("sha256:")), "")
    releases = [tag for tag in tags if _RELEASE.fullmatch(tag)]
    candidates = [tag for tag in tags if tag.startswith("key-")]
    return wanted or max(releases, default="") or next(iter(candidates), "")


async def _push(registry: Registry, wanted: Wanted) -> dict[str, str]:
    if not wanted.pushed:
        return {"push": ""}
    try:
        await registry.try_push(wanted.repository)
    except DeniedError as error:
        return {"push": "no", "push_because": error.what, "push_step": error.next_step}
    except RegistryError as error:
        return {"push": UNKNOWN, "push_because": error.what, "push_step": error.next_step}
    return {"push": "yes"}


async def _public(stranger: Registry, repository: str, reference: str) -> str:
    """NB: what is there and a stranger is told to be absent is private: GHCR and others do so."""
    try:
        return "yes" if await stranger.resolve(repository, reference) else "no"
    except DeniedError:
        return "no"
    except RegistryError:
        return UNKNOWN


async def _image(
    registry: Registry, repository: str, reference: str, platforms: Sequence[str]
) -> tuple[dict[str, Any], Layers]:
    """Digest, age, source label, size and layers, as far as there is an image for one of the platforms."""
    manifest = await registry.manifest(repository, reference)
    if manifest is None:
        return {}, ()
    digest = manifest.digest
    images = await _images(registry, repository, manifest, platforms)
    if not images:
        return {"digest": digest}, ()
    layers = tuple(dict.fromkeys((layer.digest, layer.size) for image in images for layer in image.layers))
    config = await image_config(registry, repository, images[0])
    labels = (config.get("config") or {}).get("Labels") or {}
    image = {
        "digest": digest,
        "created": str(config.get("created") or ""),
        "source": str(labels.get(SOURCE_LABEL) or ""),
        "size": sum(layer.size for layer in images[0].layers),
    }
    return image, layers


async def _images(
    registry: Registry, repository: str, manifest: Manifest, platforms: Sequence[str]
) -> list[Manifest]:
    if not manifest.is_index:
        return [manifest]
    digests = (manifest.for_platform(platform) for platform in platforms)
    found = [await registry.manifest(repository, digest) for digest in digests if digest]
    return [each for each in found if each is not None]
