"""Files of a container or an image, read and written through Docker's archive endpoints."""

import base64
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import ClientResponse

from pipeline.docker_host.client import LONG, ApiError, DockerError
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.gomode import from_go
from pipeline.local.docker.load import streamed
from pipeline.local.docker.model import Container, DockerImage, Stat
from pipeline.local.tar import PIECE

Source = DockerImage | Container


class Missing(DockerError):  # noqa: N818 - it is an answer
    """Nothing is at the path."""


@asynccontextmanager
async def _asked(docker: Docker, method: str, source: Source, path: str) -> AsyncIterator[ClientResponse]:
    container = source.id if isinstance(source, Container) else await docker.reader(source)
    endpoint, params = f"containers/{container}/archive", {"path": path}
    try:
        async with docker.client.open(method, endpoint, params=params) as response:
            yield response
    except ApiError as error:
        if error.status != 404 and method == "HEAD":
            # NB: the answer has no body that would say why; that of a GET has
            async with _asked(docker, "GET", source, path):
                raise
        if error.status == 404 or "not a directory" in error.what:
            raise Missing(f"stat {path}: no such file or directory") from error
        raise


async def stat(docker: Docker, source: Source, path: str) -> Stat | None:
    """What is at ``path`` (absolute; the last part is not followed), None if nothing is."""
    try:
        async with _asked(docker, "HEAD", source, path) as response:
            found = json.loads(base64.b64decode(response.headers["X-Docker-Container-Path-Stat"]))
    except Missing:
        return None
    mode, kind = from_go(found["mode"])
    link = found.get("linkTarget", "")
    return Stat(name=found["name"], kind=kind, mode=mode, size=found["size"], link=link)


async def read(docker: Docker, source: Source, path: str) -> AsyncIterator[bytes]:
    """A tar of what is at ``path`` (absolute), its names starting with the last part of ``path``.

    A symlink is given as such: `stat` first. Raises Missing.
    """
    async with _asked(docker, "GET", source, path) as response:
        async for chunk in response.content.iter_chunked(PIECE):
            yield chunk


async def write(docker: Docker, container: str, path: str, pieces: Iterable[bytes]) -> None:
    """Unpack a tar below ``path``, with the owners and modes that it says."""
    endpoint, headers = f"containers/{container}/archive", {"Content-Type": "application/x-tar"}
    body, where = streamed(pieces), {"path": path}
    await docker.client.bytes("PUT", endpoint, params=where, data=body, headers=headers, patience=LONG)
