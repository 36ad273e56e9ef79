"""An image as a tarball that is both an OCI layout and what ``docker load`` takes.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md. Docker before 25 saves an older
format.
"""

import asyncio
import hashlib
import json
import tarfile
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from pipeline.local.docker.client import Client
from pipeline.local.docker.model import DockerError, DockerImage

PIECE = 1 << 20
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


async def save(client: Client, image: DockerImage, path: Path) -> None:
    """Write the tarball; a half-written one is removed. Raises DockerError, OSError for a full disk."""
    with tempfile.TemporaryFile(dir=path.parent) as saved:
        async with client.open("GET", f"images/{image.id}/get") as response:
            async for chunk in response.content.iter_chunked(PIECE):
                await asyncio.to_thread(saved.write, chunk)
        saved.seek(0)
        partial = path.with_name(f".{path.name}.partial")
        try:
            await asyncio.to_thread(_convert, saved, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _convert(saved: IO[bytes], path: Path) -> None:
    with tarfile.open(fileobj=saved) as old, tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as new:
        listed = json.loads(_bytes(old, "manifest.json"))[0]
        document = _bytes(old, listed["Config"])
        layers = json.loads(document)["rootfs"]["diff_ids"]
        described = [
            _copy(old, new, name, digest) for name, digest in zip(listed["Layers"], layers, strict=True)
        ]
        config = _add_blob(new, document, CONFIG)
        manifest = _json({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": described})
        index = {"schemaVersion": 2, "manifests": [_add_blob(new, manifest, MANIFEST)]}
        loadable = {
            "Config": _blob(config["digest"]),
            "RepoTags": listed.get("RepoTags"),
            "Layers": [_blob(layer["digest"]) for layer in described],
        }
        _add(new, "index.json", _json(index))
        _add(new, "manifest.json", _json([loadable]))
        _add(new, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))


def _copy(old: tarfile.TarFile, new: tarfile.TarFile, name: str, diff_id: str) -> dict[str, Any]:
    """One layer; its digest is its diff id unless the store keeps it compressed."""
    source = old.extractfile(name)
    if source is None:
        raise DockerError(f"docker save gave an archive without {name}")
    compressed = source.read(2) == b"\x1f\x8b"
    source.seek(0)
    digest = f"sha256:{_sha256(source)}" if compressed else diff_id
    size = source.seek(0, 2)
    source.seek(0)
    if _blob(digest) not in new.getnames():
        member = tarfile.TarInfo(_blob(digest))
        member.size = size
        new.addfile(member, source)
    return {"mediaType": LAYER + ("+gzip" if compressed else ""), "digest": digest, "size": size}


def _sha256(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := source.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _add_blob(new: tarfile.TarFile, data: bytes, media_type: str) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _add(new, _blob(digest), data)
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _add(new: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    new.addfile(member, BytesIO(data))


def _bytes(old: tarfile.TarFile, name: str) -> bytes:
    file = old.extractfile(name)
    if file is None:
        raise DockerError(f"docker save gave an archive without {name}")
    return file.read()


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _json(document: Mapping[str, Any] | list[Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
