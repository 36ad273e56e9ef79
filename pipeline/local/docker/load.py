"""New images over layers that Docker has, without a build: a configuration and new layers, loaded."""

import hashlib
import json
import re
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import IO, Any

from pipeline.docker_host.client import ApiError, Client, DockerError
from pipeline.local.docker import images, layout
from pipeline.local.docker.model import DockerImage
from pipeline.local.tar import END, PIECE, digest_of, file_member, text_member

TIME = "1970-01-01T00:00:00Z"  # constant: equal configuration, equal id


async def derive(
    client: Client,
    base: DockerImage | None,
    *,
    config: Mapping[str, Any],
    layers: Sequence[IO[bytes]] = (),
    platform: str = "linux/amd64",
) -> DockerImage:
    """``base`` (None = scratch) with exactly this configuration and ``layers`` (plain tars) on top.

    Deterministic: equal arguments give an equal id, at once. ``platform`` counts for scratch only.
    """
    below = base.layers if base else ()
    if not below and not layers:
        layers = (BytesIO(END),)
    diff_ids = [*below, *map(digest_of, layers)]
    document = _configuration(config, diff_ids, base.platform if base else platform)
    try:
        if uses_containerd(client):
            return await _load(client, await layout.additions(client, base, document, layers))
        return await _load(client, _archive(document, [None] * len(below), layers))
    except DockerError as error:
        # NB: only a store that does not find a layer says this; then they are fetched from it first
        if base is None or not below or not re.search(r"no such file|invalid|missing|not found", error.what):
            raise
    with tempfile.TemporaryFile() as saved:
        await fetch(client, base, saved)
        with tarfile.open(fileobj=saved) as archive:
            return await _load(client, _archive(document, layers_of(archive), layers))


async def fetch(client: Client, image: DockerImage, target: IO[bytes]) -> None:
    """What `docker save` gives, from its beginning."""
    async with client.open("GET", f"images/{image.id}/get") as response:
        async for chunk in response.content.iter_chunked(PIECE):
            target.write(chunk)
    target.seek(0)


def layers_of(saved: tarfile.TarFile) -> list[IO[bytes]]:
    """The layers of a saved image, from the lowest, whatever the format calls them."""
    return [content(saved, name) for name in json.load(content(saved, "manifest.json"))[0]["Layers"]]


def content(saved: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of a saved image."""
    file = saved.extractfile(name)
    if file is None:
        raise DockerError(f"docker save gave an archive without {name}")
    return file


def uses_containerd(client: Client) -> bool:
    """Whether Docker keeps images in containerd."""
    return "io.containerd.snapshotter" in str(client.info.get("DriverStatus"))


async def _load(client: Client, pieces: Iterable[bytes]) -> DockerImage:
    headers, loaded = {"Content-Type": "application/x-tar"}, ""
    async for message in client.messages(
        "images/load", params={"quiet": "1"}, data=streamed(pieces), headers=headers
    ):
        loaded += message.get("stream", "")
    match = re.search(rf"{images.CACHE}:\w+", loaded)
    if not match:
        raise ApiError(f"no image in Docker's answer to /images/load: {loaded or 'empty'}")
    return await images.keep(client, match[0])


async def streamed(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """A body for a request."""
    for piece in pieces:
        yield piece


def _configuration(config: Mapping[str, Any], layers: Sequence[str], platform: str) -> bytes:
    system, architecture, *variant = platform.split("/")
    document = {
        "architecture": architecture,
        "os": system,
        **({"variant": variant[0]} if variant else {}),
        "created": TIME,
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": list(layers)},
        "history": [{"created": TIME} for _ in layers],
    }
    return json.dumps(document, sort_keys=True).encode()


def _archive(
    document: bytes, below: Sequence[IO[bytes] | None], layers: Sequence[IO[bytes]]
) -> Iterator[bytes]:
    """``docker save``'s older format; of the layers that Docker has (None in ``below``) only the names."""
    config = f"{hashlib.sha256(document).hexdigest()}.json"
    files = {f"{position}/layer.tar": file for position, file in enumerate([*below, *layers])}
    manifest = [{"Config": config, "RepoTags": [images.cached(config)], "Layers": list(files)}]
    yield from text_member(config, document)
    for name, file in files.items():
        if file:
            yield from file_member(name, file)
    yield from text_member("manifest.json", json.dumps(manifest).encode())
    yield END
