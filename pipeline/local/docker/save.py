"""An image as a tarball that is both an OCI layout and what ``docker load`` takes.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md. Docker before 25 saves an older
format.
"""

import asyncio
import json
import tarfile
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from pipeline.docker_host.client import Client
from pipeline.local.docker.layout import CONFIG, LAYER, LAYOUT, MANIFEST, described, manifest_of, path_of
from pipeline.local.docker.load import content, fetch, layers_of
from pipeline.local.docker.model import DockerImage
from pipeline.local.tar import END, file_member, text_member


async def save(client: Client, image: DockerImage, path: Path) -> None:
    """Write the tarball; a half-written one is removed. Raises DockerError, OSError for a full disk."""
    partial = path.with_name(f".{path.name}.partial")
    with tempfile.TemporaryFile(dir=path.parent) as saved:
        await fetch(client, image, saved)
        try:
            await asyncio.to_thread(_convert, saved, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _convert(saved: IO[bytes], path: Path) -> None:
    with tarfile.open(fileobj=saved) as old, path.open("wb") as new:
        new.writelines(_layout(old))


def _layout(saved: tarfile.TarFile) -> Iterator[bytes]:
    listed = json.load(content(saved, "manifest.json"))[0]
    files = [content(saved, listed["Config"]), *layers_of(saved)]
    config = described(files[0], CONFIG)
    layers = [described(file, _layer_type(file)) for file in files[1:]]
    files.append(BytesIO(manifest_of(config, layers)))
    image = described(files[-1], MANIFEST)
    loadable = {
        "Config": path_of(config),
        "RepoTags": listed.get("RepoTags"),
        "Layers": [path_of(layer) for layer in layers],
    }
    blobs = dict(zip(map(path_of, [config, *layers, image]), files, strict=True))
    for name, file in blobs.items():
        yield from file_member(name, file)
    yield from text_member("index.json", _json({"schemaVersion": 2, "manifests": [image]}))
    yield from text_member("manifest.json", _json([loadable]))
    yield from text_member("oci-layout", LAYOUT)
    yield END


def _layer_type(file: IO[bytes]) -> str:
    """NB: newer stores keep layers compressed."""
    file.seek(0)
    return f"{LAYER}+gzip" if file.read(2) == b"\x1f\x8b" else LAYER


def _json(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
