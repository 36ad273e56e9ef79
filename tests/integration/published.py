"""What is in a registry, read without our client: an image's configuration, and its files over its base."""

import gzip
import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.registry.oci.auth import is_loopback

_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)
# OCI image specification, layer.md: a file of this name stands for the removal of another.
_WHITEOUT = ".wh."
_KINDS = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "link"}


@dataclass(frozen=True, kw_only=True)
class Published:
    """An image: its configuration, and each layer's digest before compression with where it can be read."""

    repository: str
    config: Mapping[str, object]
    layers: tuple[tuple[str, str], ...]


def read_image(reference: str) -> Published:
    """The image of ``HOST/REPOSITORY@DIGEST`` or ``HOST/REPOSITORY:TAG``."""
    name, separator, version = reference.rpartition("@")
    if not separator:
        name, _, version = reference.rpartition(":")
    manifest = json.loads(_read(name, f"manifests/{version}"))
    config = json.loads(_read(name, f"blobs/{manifest['config']['digest']}"))
    blobs = [layer["digest"] for layer in manifest["layers"]]
    return Published(
        repository=name,
        config=config["config"],
        layers=tuple(zip(config["rootfs"]["diff_ids"], blobs, strict=True)),
    )


def files_over(image: Published, base: Published) -> dict[str, str]:
    """Each path that the image's own layers bring or remove: kind, mode, owner, content or target."""
    inherited, own = image.layers[: len(base.layers)], image.layers[len(base.layers) :]
    # An engine that was restarted on its old cache has packed the base's layers anew (docs/engines.md).
    assert [each[0] for each in inherited] == [each[0] for each in base.layers], "it lacks layers of its base"
    found: dict[str, str] = {}
    for _, blob in own:
        with _opened(image.repository, blob) as tar:
            for member in tar:
                path = member.name.removeprefix("./").rstrip("/")
                if path not in ("", "."):
                    found[path] = _line(tar, member)
    return found


def directories_of(base: Published) -> dict[str, str]:
    """The directories of an image as `files_over` tells them: an engine may repeat those of a base."""
    found: dict[str, str] = {}
    for _, blob in base.layers:
        with _opened(base.repository, blob) as tar:
            found |= {
                member.name.removeprefix("./").rstrip("/"): _line(tar, member)
                for member in tar
                if member.isdir()
            }
    return found


def _line(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = member.linkname
    if member.isreg():
        read = tar.extractfile(member)
        content = hashlib.sha256(read.read() if read else b"").hexdigest()[:12]
    if member.name.rpartition("/")[2].startswith(_WHITEOUT):
        return "removed"
    mode = "" if member.issym() else f" {member.mode & 0o7777:04o}"
    return f"{_KINDS.get(member.type, 'other')}{mode} {member.uid}:{member.gid} {content}".rstrip()


def _opened(repository: str, digest: str) -> tarfile.TarFile:
    data = _read(repository, f"blobs/{digest}")
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data))


def _read(name: str, path: str) -> bytes:
    host, _, repository = name.partition("/")
    scheme = "http" if is_loopback(host) else "https"
    url = f"{scheme}://{host}/v2/{repository}/{path}"
    request = urllib.request.Request(url, headers={"Accept": _MANIFESTS})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()
