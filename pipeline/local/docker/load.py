"""A new image over layers that Docker has: POST /images/load with a configuration and new layers only."""

import hashlib
import io
import json
import re
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.model import DockerError, DockerImage

TIME = "1970-01-01T00:00:00Z"  # constant: equal configuration, equal id
PIECE = 1 << 20


async def derive(
    client: Client,
    base: DockerImage | None,
    *,
    config: Mapping[str, Any],
    layers: Sequence[Path | bytes],
    platform: str,
) -> str:
    """The id of ``base`` with ``config`` and ``layers`` on top; see `Docker.derive`."""
    below = base.layers if base else ()
    if not below and not layers:
        layers = (EMPTY_LAYER,)
    new = [_digest(layer) for layer in layers]
    document = _configuration(config, [*below, *new], base.platform if base else platform)
    if base is None or not uses_containerd(client):
        try:
            return await _load(client, _archive(document, [None] * len(below), layers))
        except DockerError as error:
            # NB: only a store that wants every layer says this; then they are fetched from it first
            if not below or not re.search(r"no such file|invalid|missing|not found", error.what):
                raise
    with tempfile.TemporaryFile() as saved:
        async with client.open("GET", f"images/{base.id}/get") as response:  # type: ignore[union-attr]
            async for chunk in response.content.iter_chunked(PIECE):
                saved.write(chunk)
        saved.seek(0)
        return await _load(client, _archive(document, _layers_of(saved), layers))


def uses_containerd(client: Client) -> bool:
    """Whether Docker keeps images in containerd, where an archive must be whole."""
    return any(
        "io.containerd.snapshotter" in str(value)
        for pair in client.info.get("DriverStatus") or ()
        for value in pair
    )


def single_file_tar(name: str, data: bytes, mode: int = 0o644) -> bytes:
    """A tar with one file of root, without a time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(_member(name, len(data), mode), io.BytesIO(data))
    return buffer.getvalue()


EMPTY_LAYER = bytes(1024)  # the end of a tar, and nothing before it


async def _load(client: Client, pieces: Iterator[bytes]) -> str:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    loaded = ""
    params, headers = {"quiet": "1"}, {"Content-Type": "application/x-tar"}
    async for message in client.messages("POST", "images/load", params=params, body=body(), headers=headers):
        if "error" in message:
            raise DockerError(f"Docker did not take an image over its own layers: {message['error']}")
        loaded += message.get("stream", "")
    match = re.search(r"sha256:[0-9a-f]{64}", loaded)
    if not match:
        raise ApiError(500, f"no image id in Docker's answer to /images/load: {loaded or 'empty'}")
    return match[0]


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
    document: bytes, below: Sequence[tuple[int, IO[bytes]] | None], layers: Sequence[Path | bytes]
) -> Iterator[bytes]:
    """``docker save``'s older format; of the layers that Docker has (None in ``below``) only the names."""
    name = f"{hashlib.sha256(document).hexdigest()}.json"
    every: list[tuple[int, IO[bytes]] | Path | bytes | None] = [*below, *layers]
    names = [f"{position}/layer.tar" for position in range(len(every))]
    manifest = json.dumps([{"Config": name, "RepoTags": None, "Layers": names}]).encode()
    yield from _file(name, document)
    for path, layer in zip(names, every, strict=True):
        if layer is not None:
            yield from _file(path, layer)
    yield from _file("manifest.json", manifest)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _file(name: str, content: tuple[int, IO[bytes]] | Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        content = (len(content), io.BytesIO(content))
    if isinstance(content, Path):
        with content.open("rb") as file:
            yield from _file(name, (content.stat().st_size, file))
        return
    size, source = content
    yield _member(name, size).tobuf(tarfile.PAX_FORMAT)
    while piece := source.read(PIECE):
        yield piece
    yield bytes(-size % tarfile.BLOCKSIZE)


def _member(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member


def _layers_of(saved: IO[bytes]) -> list[tuple[int, IO[bytes]] | None]:
    """The layers of a saved image, from the lowest, whatever the format calls them."""
    tar = tarfile.open(fileobj=saved)  # noqa: SIM115 - its members are read later
    manifest = tar.extractfile("manifest.json")
    if manifest is None:
        raise DockerError("docker save gave an archive without manifest.json")
    members = [tar.getmember(name) for name in json.load(manifest)[0]["Layers"]]
    files = [tar.extractfile(member) for member in members]
    return [(file.seek(0, 2), _rewound(file)) if file else None for file in files]


def _rewound(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file


def _digest(layer: Path | bytes) -> str:
    if isinstance(layer, bytes):
        return f"sha256:{hashlib.sha256(layer).hexdigest()}"
    with layer.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
