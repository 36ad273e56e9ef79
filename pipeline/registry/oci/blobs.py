"""Blobs: streamed both ways, verified, never held whole in memory unless small.

Protocol: distribution spec 1.1, "Pulling blobs" and "Pushing blobs".
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import httpx

from pipeline.registry.oci.calls import Body, Call, Excuses, Place
from pipeline.registry.oci.media import Descriptor, digest_of
from pipeline.registry.oci.retry import TransientError
from pipeline.registry.oci.transport import Transport

_CHUNK = 256 * 1024
_SMALL = 8 * 1024 * 1024
# An attempt is given up when it moves less than this per second on average.
_SLOWEST = 128 * 1024


def _get(place: Place, digest: str, *, method: str = "GET", seconds: float = 60.0) -> Call:
    return Call(
        method=method,
        url=f"/v2/{place.path}/blobs/{digest}",
        repository=place.path,
        action="read a blob" if method == "GET" else "look up a blob",
        where=f"{place.name}@{digest}",
        accepted=(200, 404),
        seconds=seconds,
    )


async def read(transport: Transport, place: Place, digest: str) -> bytes | None:
    """A small blob, verified; None if it is absent."""
    pieces: list[bytes] = []

    async def keep(piece: bytes) -> None:
        pieces.append(piece)

    async def take(response: httpx.Response) -> bytes | None:
        pieces.clear()
        return b"".join(pieces) if await _receive(response, digest, keep, limit=_SMALL) else None

    return await transport.receive(_get(place, digest), take)


async def download(transport: Transport, place: Place, digest: str, target: Path) -> bool:
    """Stream a blob into ``target``, verified; False if it is absent."""

    async def take(response: httpx.Response) -> bool:
        async with await anyio.open_file(target, "wb") as file:

            async def keep(piece: bytes) -> None:
                await file.write(piece)

            return await _receive(response, digest, keep)

    return await transport.receive(_get(place, digest, seconds=3600.0), take)


async def _receive(
    response: httpx.Response,
    digest: str,
    keep: Callable[[bytes], Awaitable[None]],
    *,
    limit: int | None = None,
) -> bool:
    if response.status_code == 404:
        return False
    seen = hashlib.sha256()
    length = 0
    async for piece in response.aiter_bytes(_CHUNK):
        length += len(piece)
        if limit is not None and length > limit:
            raise ValueError(f"{digest} is larger than {limit} bytes: stream it into a file")
        seen.update(piece)
        await keep(piece)
    if f"sha256:{seen.hexdigest()}" != digest:
        raise TransientError(f"{length} bytes arrived that have another digest")
    return True


async def is_there(transport: Transport, place: Place, descriptor: Descriptor) -> bool:
    """Whether the registry has this blob."""
    return (await transport.send(_get(place, descriptor.digest, method="HEAD"))).status != 404


async def upload(
    transport: Transport, place: Place, content: bytes | Path, descriptor: Descriptor, *, mount_from: str
) -> None:
    """Store a blob: mounted where that is possible, else in one streamed PUT."""
    start = _start(place, descriptor, mount_from)

    # NB: a broken upload is begun anew: what a registry kept of the first half is its own affair.
    async def attempt(excuses: Excuses) -> None:
        location = await transport.once(start, _where_to, excuses)
        if location is not None:
            await transport.once(_finish(start, location, content, descriptor), _done, excuses)

    await transport.persist(attempt, action=start.action, where=start.where)


async def try_upload(transport: Transport, place: Place) -> None:
    """Open an upload and cancel it, which only who may push can do; nothing is stored.

    Raises DeniedError for who may not. A registry that cannot cancel forgets the upload by itself.
    NB: docker-registry 2.8 cancels it, and keeps the state of its hash (90 bytes) for a week all the same.
    """
    start = replace(
        _start(place, Descriptor(media_type="", digest="", size=0), ""),
        action="push",
        where=place.name,
    )

    async def attempt(excuses: Excuses) -> None:
        location = await transport.once(start, _where_to, excuses)
        if location is not None:
            cancel = replace(start, method="DELETE", url=location, accepted=tuple(range(200, 500)))
            await transport.once(cancel, _done, excuses)

    await transport.persist(attempt, action=start.action, where=start.where)


async def _done(_response: httpx.Response) -> None:
    """Nothing more to read."""


async def _where_to(response: httpx.Response) -> str | None:
    """Where the bytes go, or None when the blob was mounted."""
    if response.status_code == 201:
        return None
    location = response.headers.get("location", "")
    if not location:
        raise TransientError("the registry opened an upload without saying where")
    return location


def _finish(start: Call, location: str, content: bytes | Path, descriptor: Descriptor) -> Call:
    url = httpx.URL(location).copy_merge_params({"digest": descriptor.digest})
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(descriptor.size)}
    body: Body = content if isinstance(content, bytes) else partial(_pieces, content)
    return replace(start, method="PUT", url=str(url), headers=headers, body=body, accepted=(201, 202, 204))


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(_CHUNK):
            yield piece


async def describe(content: bytes | Path, media_type: str) -> Descriptor:
    """Digest and size of what is to be stored."""
    if isinstance(content, bytes):
        return Descriptor(media_type=media_type, digest=digest_of(content), size=len(content))
    seen, size = hashlib.sha256(), 0
    async for piece in _pieces(content):
        seen.update(piece)
        size += len(piece)
    return Descriptor(media_type=media_type, digest=f"sha256:{seen.hexdigest()}", size=size)


def _start(place: Place, descriptor: Descriptor, mount_from: str) -> Call:
    mount = f"?mount={descriptor.digest}&from={mount_from}" if mount_from else ""
    return Call(
        method="POST",
        url=f"/v2/{place.path}/blobs/uploads/{mount}",
        repository=place.path,
        action="push a blob",
        where=f"{place.name}@{descriptor.digest}",
        push=True,
        also_from=mount_from,
        accepted=(201, 202),
        seconds=60.0 + descriptor.size / _SLOWEST,
    )
