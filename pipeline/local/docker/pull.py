"""Pull: an image as the registry has it now, for one platform."""

import asyncio
from weakref import WeakValueDictionary

from pipeline.local.docker import cache, images
from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.events import Event, Listener
from pipeline.local.docker.model import Auth, DockerError, DockerImage

_ROUNDS = 3  # more than one where another process pulls another platform of the same index meanwhile
_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def pull(
    client: Client, reference: str, *, platform: str, auth: Auth | None, on_event: Listener
) -> DockerImage:
    """See `Docker.pull`."""
    digest = await images.resolve(client, reference, auth=auth)
    name = f"{images.repository(reference)}@{digest}"
    async with _locks.setdefault(name, asyncio.Lock()):
        for _ in range(_ROUNDS):
            there = await images.inspect(client, name, digest=digest)
            if there and images.matches(there.platform, platform):
                return there
            try:
                await _fetch(client, reference, name, platform=platform, auth=auth, on_event=on_event)
            except DockerError as error:
                if there is None or "Cannot overwrite digest" not in error.what:
                    raise
                # NB: of an index Docker has one image under its digest: the other one gets our name
                await cache.keep(client, there.id)
                await images.untag(client, name)
        pulled = await images.inspect(client, name, digest=digest)
    if pulled is None:
        raise DockerError("pulled, and not in Docker's store afterwards", where=reference)
    return pulled  # NB: of another platform and no index: engines take it as it is


async def _fetch(
    client: Client, reference: str, name: str, *, platform: str, auth: Auth | None, on_event: Listener
) -> None:
    params = {"fromImage": name, "platform": platform}
    on_event(Event(kind="pull", name=reference, text=name.partition("@")[2]))
    try:
        async for message in client.messages(
            "POST", "images/create", params=params, headers=images.header(auth)
        ):
            if "error" in message:
                raise images.refused(reference, message["error"])
            if "id" not in message:  # not a layer's progress
                on_event(Event(kind="pull", name=reference, text=message.get("status", "")))
    except ApiError as error:
        raise images.refused(reference, error.what) from error
