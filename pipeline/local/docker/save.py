"""An image as a tarball that is both an OCI layout and what ``docker load`` takes.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md. Docker before 25 saves an older
format.
"""

import asyncio
import hashlib
import json
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from pipeline.local.docker.client import Client
from pipeline.local.docker.load import content, fetch, layers_of
from pipeline.local.docker.model import DockerImage

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


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
    with tarfile.open(fileobj=saved) as old, tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as new:
        listed = json.load(content(old, "manifest.json"))[0]
        layers = [_layer(new, file) for file in layers_of(old)]
        config = _blob(new, content(old, listed["Config"]), CONFIG)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        described = _blob(new, BytesIO(json.dumps(manifest, sort_keys=True).encode()), MANIFEST)
        loadable = {
            "Config": _path(config),
            "RepoTags": listed.get("RepoTags"),
            "Layers": [_path(layer) for layer in layers],
        }
        for name, document in {
            "index.json": {"schemaVersion": 2, "manifests": [described]},
            "manifest.json": [loadable],
            "oci-layout": {"imageLayoutVersion": "1.0.0"},
        }.items():
            _add(new, name, BytesIO(json.dumps(document, sort_keys=True).encode()))


def _layer(new: tarfile.TarFile, file: IO[bytes]) -> dict[str, Any]:
    """NB: newer stores keep layers compressed."""
    compressed = file.read(2) == b"\x1f\x8b"
    return _blob(new, file, f"{LAYER}+gzip" if compressed else LAYER)


def _blob(new: tarfile.TarFile, file: IO[bytes], media_type: str) -> dict[str, Any]:
    """A file of the layout by its digest, once; what describes it."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    described = {"mediaType": media_type, "digest": f"sha256:{digest}", "size": file.seek(0, 2)}
    if _path(described) not in new.getnames():
        _add(new, _path(described), file)
    return described


def _add(new: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size = file.seek(0, 2)
    file.seek(0)
    new.addfile(member, file)


def _path(described: dict[str, Any]) -> str:
    return f"blobs/sha256/{described['digest'].removeprefix('sha256:')}"
