"""Push: a local tag of the wanted name for as long as it takes, credentials for this one request."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from pipeline.local.docker import cache, images
from pipeline.local.docker.client import ApiError
from pipeline.local.docker.events import Event
from pipeline.local.docker.model import Auth, DockerError, DockerImage
from pipeline.local.docker.run import Run

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def push(run: Run, image: DockerImage, reference: str, *, auth: Auth | None) -> str:
    """The digest; see `Docker.push`."""
    repository = images.repository(reference)
    if "@" in reference:
        raise DockerError("push needs a tag, not a digest", where=reference)
    tag = reference.removeprefix(repository).removeprefix(":") or "latest"
    name = f"{repository}:{tag}"
    run.on_event(Event(kind="push", name=name, text=image.id))
    # NB: two pushes of one name at a time would take each other's local tag
    lock = _locks.setdefault(name, asyncio.Lock())
    async with lock, _tagged(run, image, repository, tag):
        return await _send(run, repository, tag, auth)


@asynccontextmanager
async def _tagged(run: Run, image: DockerImage, repository: str, tag: str) -> AsyncIterator[None]:
    """Give the image this name; afterwards the name is whose it was before."""
    name = f"{repository}:{tag}"
    before = await images.inspect(run.client, name)
    if before is None or before.id != image.id:
        await cache.keep(run.client, image.id)  # NB: an image whose last name is removed is deleted
        await _tag(run, image.id, repository, tag)
    try:
        yield
    finally:
        if before is None:
            await asyncio.shield(images.untag(run.client, name))
        elif before.id != image.id:
            await asyncio.shield(_tag(run, before.id, repository, tag))


async def _send(run: Run, repository: str, tag: str, auth: Auth | None) -> str:
    name, digest = f"{repository}:{tag}", ""
    headers = images.header(auth) or {"X-Registry-Auth": "e30="}  # "{}": the header itself must be there
    path = f"images/{repository}/push"
    async for message in run.client.messages("POST", path, params={"tag": tag}, headers=headers):
        if "error" in message:
            raise images.refused(name, _plain(message["error"]))
        if "aux" in message:
            digest = message["aux"].get("Digest", digest)
        elif "id" not in message or message.get("status", "").startswith("Retrying"):
            run.on_event(Event(kind="push", name=name, text=message.get("status", "")))
    if not digest:
        raise DockerError("the registry took it without naming a digest", where=name)
    return digest


async def _tag(run: Run, image: str, repository: str, tag: str) -> None:
    try:
        await run.client.bytes("POST", f"images/{image}/tag", params={"repo": repository, "tag": tag})
    except ApiError as error:
        raise images.refused(f"{repository}:{tag}", error.what) from error


def _plain(message: str) -> str:
    return re.sub(r"^(errors?:\s*)+", "", message.strip())
