"""A root image for two platforms, made in a registry: the tests' base, and a file for another platform."""

import gzip
import hashlib
import io
import json
import struct
import tarfile

from tiny_docker import push_copy

from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import OCI_MANIFEST, Manifest, canonical_json, index_manifest

FOREIGN = "linux/arm64"
# The head of an ELF executable for AArch64 (e_machine 183): a kernel of another machine answers ENOEXEC.
_PROGRAM = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHI", 2, 183, 1).ljust(48, b"\0")


async def push_root_index(docker_host: str, base: str, repository: str, *, tag: str = "1") -> str:
    """An index under ``HOST/NAME:TAG`` of the base image and one file for FOREIGN; gives its digest."""
    host = repository.partition("/")[0]
    push_copy(docker_host, base, f"{repository}:native")
    async with Registry(host) as registry:
        native = await registry.manifest(repository, "native")
        assert native is not None
        foreign = await _push_file(registry, repository)
        index = index_manifest({"linux/amd64": native, FOREIGN: foreign})
        return await registry.put_manifest(repository, tag, index)


async def _push_file(registry: Registry, repository: str) -> Manifest:
    """An image of one program, which only its own platform could run."""
    layer = _tar("bin/sh", _PROGRAM)
    config = {
        "os": "linux",
        "architecture": FOREIGN.partition("/")[2],
        "config": {"Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    described = await registry.put_blob(
        repository, json.dumps(config).encode(), media_type="application/vnd.oci.image.config.v1+json"
    )
    stored = await registry.put_blob(
        repository,
        gzip.compress(layer, mtime=0),
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
    )
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described.as_json(),
        "layers": [stored.as_json()],
    }
    manifest = Manifest(media_type=OCI_MANIFEST, body=canonical_json(body))
    await registry.put_manifest(repository, manifest.digest, manifest)
    return manifest


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o755
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
