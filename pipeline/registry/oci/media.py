"""What a registry stores: descriptors, manifests and small JSON artifacts, as values.

Shapes and media types: https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.catalog.platforms import normalised

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
EMPTY = "application/vnd.oci.empty.v1+json"
MANIFEST_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
INDEX_TYPES = (OCI_INDEX, DOCKER_LIST)


def digest_of(body: bytes) -> str:
    """``sha256:<64 hex>`` of the bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """Where content is, by digest: media type, digest and size in bytes."""

    media_type: str
    digest: str
    size: int

    def as_json(self, *, content: bytes | None = None) -> dict[str, Any]:
        """The descriptor as it stands in a manifest, with its content in it where that is given.

        The field ``data`` is image-spec 1.1, descriptor.md, "Properties": it saves the reader a request.
        """
        described: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        return described if content is None else described | {"data": base64.b64encode(content).decode()}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest or index, with the exact bytes its digest is of."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """Digest of the bytes: never what a header claims."""
        return digest_of(self.body)

    @property
    def content(self) -> dict[str, Any]:
        """The parsed body; ValueError when it is no JSON object."""
        content = json.loads(self.body)
        if not isinstance(content, dict):
            raise ValueError("a manifest is a JSON object")  # noqa: TRY004 - one kind of error for bad content
        return content

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests instead of layers."""
        return self.media_type in INDEX_TYPES

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """The compressed layers, lowest first; none in an index."""
        return tuple(
            Descriptor(media_type=layer.get("mediaType", ""), digest=layer["digest"], size=layer["size"])
            for layer in self.content.get("layers", ())
        )

    @property
    def parts(self) -> tuple[str, ...]:
        """Digests of all manifests that an index lists, also of those that are for no platform; else none."""
        return tuple(entry["digest"] for entry in self.content.get("manifests", ())) if self.is_index else ()

    @property
    def platforms(self) -> Mapping[str, str]:
        """Platform -> digest of an index's manifest for it, in its order; empty for what is no index.

        Attestations that BuildKit lists beside them have the platform ``unknown/unknown``.
        """
        found: dict[str, str] = {}
        for entry in self.content.get("manifests", ()) if self.is_index else ():
            name = platform_name(entry.get("platform") or {})
            if name and "unknown" not in name:
                found.setdefault(name, entry["digest"])
        return found

    def for_platform(self, platform: str) -> str | None:
        """Digest of an index's manifest for ``os/architecture[/variant]``, or None."""
        return self.platforms.get(normalised(platform))


def platform_name(described: Mapping[str, Any]) -> str:
    """``linux/arm64``, of the fields that an index or an image's configuration has (image-spec 1.1)."""
    words = (described.get(key) for key in ("os", "architecture", "variant"))
    return normalised("/".join(str(word) for word in words if word))


def index_manifest(images: Mapping[str, Manifest]) -> Manifest:
    """The index of images by platform, in their order; Docker's form of it where all of them are Docker's.

    Shape: image-spec 1.1, image-index.md; Docker's manifest list has the same fields.
    """
    is_docker = all(image.media_type == DOCKER_MANIFEST for image in images.values())
    media_type = DOCKER_LIST if is_docker else OCI_INDEX
    entries = [
        Descriptor(media_type=image.media_type, digest=image.digest, size=len(image.body)).as_json()
        | {"platform": dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))}
        for platform, image in images.items()
    ]
    content = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
    return Manifest(media_type=media_type, body=canonical_json(content))


EMPTY_CONFIG = b"{}"
"""The blob of image-spec 1.1, manifest.md, "Guidance for an Empty Descriptor"."""


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """JSON whose bytes depend on the content alone: sorted keys, no blanks, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def artifact_manifest(
    *, artifact_type: str, layer: Mapping[str, Any], annotations: Mapping[str, str]
) -> Manifest:
    """An image manifest that carries one blob which is no image.

    The form is image-spec 1.1, manifest.md, "Guidelines for Artifact Usage": ``artifactType`` set, the
    empty descriptor as config. Registries that predate it (Debian's docker-registry 2.8) store it as it is.
    """
    config = Descriptor(media_type=EMPTY, digest=digest_of(EMPTY_CONFIG), size=len(EMPTY_CONFIG))
    content: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": config.as_json(),
        "layers": [dict(layer)],
    }
    if annotations:
        content["annotations"] = dict(annotations)
    return Manifest(media_type=OCI_MANIFEST, body=canonical_json(content))
