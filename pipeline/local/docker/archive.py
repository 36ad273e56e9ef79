"""Files of a container or an image, read and written through Docker's archive endpoints."""

import base64
import json
from collections.abc import AsyncIterator, Iterable

from pipeline.local.docker.client import ApiError
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.gomode import from_go
from pipeline.local.docker.load import streamed
from pipeline.local.docker.model import Container, DockerError, DockerImage, Stat
from pipeline.local.tar import PIECE

Source = DockerImage | Container


async def _endpoint(docker: Docker, source: Source) -> str:
    container = source.id if isinstance(source, Container) else await docker.reader(source)
    return f"containers/{container}/archive"


async def stat(docker: Docker, source: Source, path: str) -> Stat | None:
    """What is at ``path`` (absolute; the last part is not followed), None if nothing is."""
    endpoint, params = await _endpoint(docker, source), {"path": path}
    try:
        async with docker.client.open("HEAD", endpoint, params=params) as response:
            found = json.loads(base64.b64decode(response.headers["X-Docker-Container-Path-Stat"]))
    except ApiError as error:
        if error.status == 404 or await _crosses_a_file(docker, endpoint, path):
            return None
        raise
    mode, kind = from_go(found["mode"])
    link = found.get("linkTarget", "")
    return Stat(name=found["name"], kind=kind, mode=mode, size=found["size"], link=link)  # type: ignore[arg-type]


async def read(docker: Docker, source: Source, path: str) -> AsyncIterator[bytes]:
    """A tar of what is at ``path`` (absolute), its names starting with the last part of ``path``.

    A symlink is given as such: `stat` first. Raises DockerError "stat PATH: no such file or directory".
    """
    try:
        async with docker.client.open(
            "GET", await _endpoint(docker, source), params={"path": path}
        ) as response:
            async for chunk in response.content.iter_chunked(PIECE):
                yield chunk
    except ApiError as error:
        if error.status == 404 or "not a directory" in error.what:
            raise DockerError(f"stat {path}: no such file or directory") from error
        raise


async def _crosses_a_file(docker: Docker, endpoint: str, path: str) -> bool:
    """Whether a part of ``path`` is a file; the answer to HEAD has no body that would say so."""
    try:
        async with docker.client.open("GET", endpoint, params={"path": path}):
            return False
    except ApiError as error:
        return "not a directory" in error.what


async def write(docker: Docker, container: str, path: str, pieces: Iterable[bytes]) -> None:
    """Unpack a tar below ``path``, with the owners and modes that it says."""
    headers = {"Content-Type": "application/x-tar"}
    async with docker.client.open(
        "PUT",
        f"containers/{container}/archive",
        params={"path": path},
        data=streamed(pieces),
        headers=headers,
    ) as response:
        await response.read()
