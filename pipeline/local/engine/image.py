"""Container: from and to registries, tarballs and the host."""

import asyncio
import re
from dataclasses import replace

from pipeline.local.docker import images, save
from pipeline.local.docker.model import Auth
from pipeline.local.engine import files
from pipeline.local.engine.container import Container
from pipeline.local.engine.edits import EMPTY
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError, not_served
from pipeline.local.engine.materialise import image_of
from pipeline.local.engine.operations import serves
from pipeline.local.engine.secret import reveal
from pipeline.local.engine.states import File, Secret
from pipeline.local.tree import Entry, Kind

DOCKER_HUB = "docker.io"
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
HOST, PATH = r"(?:[\w-]*[.:][\w.:-]*|localhost)/", r"[a-z0-9]+(?:(?:[._-]+|/)[a-z0-9]+)*"
REFERENCE = re.compile(rf"(?:{HOST})?{PATH}(?::{TAG.pattern})?(?:@sha256:[0-9a-f]{{64}})?")


def registry_of(reference: str) -> str:
    """The registry's host of a reference or of a registry's address."""
    first, slash, _ = reference.partition("/")
    named = "." in first or ":" in first or first == "localhost"
    return first if named and (slash or "." in first) else DOCKER_HUB


def checked(reference: str) -> str:
    """The reference; QueryError if it is none (after distribution/reference, "Grammar")."""
    if REFERENCE.fullmatch(reference) is None:
        raise QueryError(f"invalid reference format: {reference} (a repository's name must be lowercase)")
    return reference


async def login(engine: Engine, reference: str) -> Auth | None:
    """The credentials that were given for a reference's registry."""
    found = engine.logins.get(registry_of(reference))
    if found is None:
        return None
    return Auth(username=found[0], secret=(await reveal(engine, found[1])).decode())


@serves("Container.withRegistryAuth")
async def with_registry_auth(
    container: Container, *, engine: Engine, address: str, username: str, secret: Secret
) -> Container:
    """Credentials for a registry: as on a Dagger engine they count for the whole session from now on."""
    engine.logins[registry_of(address)] = (username, secret)
    return container


@serves("Container.from")
async def from_(container: Container, *, engine: Engine, address: str) -> Container:
    """The image as its registry has it now."""
    connection = await engine.docker()
    image = await images.pull(
        connection.client,
        checked(address),
        platform=container.platform,
        auth=await login(engine, address),
        on_event=connection.on_event,
    )
    pulled = container.changed(
        base=image, config=image.config, files=EMPTY, removed=frozenset(), ports={}, ran=None
    )
    return replace(pulled, reference=f"{address.partition('@')[0]}@{image.digest}")


@serves("Container.imageRef")
def image_ref(container: Container) -> str:
    """The name@digest it was pulled as."""
    if not container.reference:
        raise QueryError(
            "Image reference can only be retrieved immediately after the 'Container.From' call:"
            " the container image is changed"
        )
    return container.reference


@serves("Container.publish")
async def publish(
    container: Container, *, engine: Engine, address: str, platform_variants: list[Container]
) -> str:
    """Push it; gives ``ADDRESS@sha256:DIGEST``. Pushing the same again changes nothing.

    Several become an index. Docker pushes nothing without a tag: the images have ``ADDRESS-linux-arm64``.
    """
    checked(address)
    # NB: an empty container is no image of its own where there are variants
    is_empty = container.base is None and not container.files.entries and not container.config
    variants = platform_variants if is_empty and platform_variants else [container, *platform_variants]
    auth = await login(engine, address)
    if len(variants) == 1:
        return f"{address}@{await _push(engine, variants[0], address, auth)}"
    if engine.put_index is None:
        raise not_served("Container.publish(platformVariants)")
    tagged = address if TAG.fullmatch(address.rpartition(":")[2]) else f"{address}:latest"
    named = {each.platform: f"{tagged}-{each.platform.replace('/', '-')}" for each in variants}
    if len(named) < len(variants):
        raise QueryError(f"duplicate platform among {', '.join(each.platform for each in variants)}")
    digests = await asyncio.gather(*(_push(engine, each, named[each.platform], auth) for each in variants))
    digest = await engine.put_index(tagged, dict(zip(named, digests, strict=True)), auth)
    return f"{address}@{digest}"


async def _push(engine: Engine, container: Container, address: str, auth: Auth | None) -> str:
    image = await image_of(engine, container)
    docker = await engine.docker()
    return await images.push(
        docker.client, image, address, auth=auth, on_event=docker.on_event, folder=docker.folder
    )


@serves("Container.asTarball")
async def as_tarball(container: Container, *, engine: Engine) -> File:
    """An archive that is an OCI layout and can be loaded into Docker."""
    image = await image_of(engine, container)
    partial = engine.folder / f"{image.id.partition(':')[2]}.tar"
    try:
        await save.save((await engine.docker()).client, image, partial)
        sha = await asyncio.to_thread(engine.blobs.add_file, partial)
        entry = Entry(Kind.FILE, 0o644, size=partial.stat().st_size, content=sha)
    finally:
        partial.unlink(missing_ok=True)
    return File(name="container.tar", entry=entry)


@serves("Container.export")
async def export(container: Container, *, engine: Engine, path: str) -> str:
    """Write the archive of `as_tarball` to the host; gives its path."""
    archive = await as_tarball(container, engine=engine)
    return await files.export(archive, engine=engine, path=path)
