"""Pushes an index: what Docker Engine's API cannot do, for an engine that stands on it."""

from collections.abc import Mapping

from pipeline.docker_host.client import DockerError
from pipeline.local.docker.model import Auth


async def put_index(address: str, images: Mapping[str, str], auth: Auth | None) -> str:
    """The digest of the index, under ``address``, of images (platform -> digest) that its repository has.

    Raises RegistryError, and DockerError for an image that is not there.
    """
    # NB: imported when it is needed: most sessions push no index.
    from pipeline.catalog.references import parse_reference
    from pipeline.registry.oci.client import Registry
    from pipeline.registry.oci.media import Manifest, index_manifest

    reference = parse_reference(address).tagged()
    username, token = (auth.username, auth.secret) if auth else ("", "")
    found: dict[str, Manifest] = {}
    async with Registry(reference.registry, username, token) as registry:
        for platform, digest in images.items():
            image = await registry.manifest(reference.name, digest)
            if image is None:
                raise DockerError(f"the image for {platform} is gone: {digest}", where=address)
            found[platform] = image
        return await registry.put_manifest(reference.name, reference.tag, index_manifest(found))
