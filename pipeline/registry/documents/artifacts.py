"""Small JSON documents kept in a registry, each an OCI artifact under a tag of its own."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from pipeline.catalog.references import is_digest
from pipeline.errors import RegistryError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import (
    EMPTY,
    EMPTY_CONFIG,
    Descriptor,
    Manifest,
    artifact_manifest,
    canonical_json,
    digest_of,
)

# Larger documents stay out of their manifests: registries take 4 MiB at least, but not much more.
_EMBEDDED = 64 * 1024


class ForeignError(RegistryError):
    """A tag of ours holds something that this program did not write."""


async def put_document(
    registry: Registry,
    repository: str,
    tag: str,
    document: Mapping[str, Any],
    *,
    artifact_type: str,
    media_type: str,
    annotations: Mapping[str, str] | None = None,
) -> str:
    """Store a document under a tag and return its manifest's digest; equal documents have equal digests."""
    body = canonical_json(document)
    await put_content(registry, repository, body, media_type=media_type, new=True)
    manifest = document_manifest(
        body, artifact_type=artifact_type, media_type=media_type, annotations=annotations
    )
    return await registry.put_manifest(repository, tag, manifest)


async def put_content(
    registry: Registry, repository: str, body: bytes, *, media_type: str, new: bool = False
) -> None:
    """Store the blobs of a document: all that its manifest needs."""
    await registry.put_blob(repository, body, media_type=media_type, new=new)
    await registry.put_blob(repository, EMPTY_CONFIG, media_type=EMPTY)


def document_manifest(
    body: bytes, *, artifact_type: str, media_type: str, annotations: Mapping[str, str] | None = None
) -> Manifest:
    """The manifest of a document, given as the bytes that are stored."""
    layer = Descriptor(media_type=media_type, digest=digest_of(body), size=len(body))
    return artifact_manifest(
        artifact_type=artifact_type,
        layer=layer.as_json(content=body if len(body) <= _EMBEDDED else None),
        annotations=annotations or {},
    )


async def get_document(
    registry: Registry, repository: str, tag: str, *, artifact_type: str
) -> Mapping[str, Any] | None:
    """The document under a tag, or None if there is none. Raises ForeignError if it is something else."""
    manifest = await registry.manifest(repository, tag)
    if manifest is None:
        return None
    return await document_in(registry, repository, tag, manifest, artifact_type=artifact_type)


async def document_in(
    registry: Registry, repository: str, tag: str, manifest: Manifest, *, artifact_type: str
) -> Mapping[str, Any]:
    """The document that a manifest carries, which was read under a tag. Raises ForeignError."""
    layer = _only_layer(registry, repository, tag, manifest, artifact_type)
    body = _embedded(layer) or await registry.read_blob(repository, layer["digest"])
    document = _parse(body)
    if document is None:
        raise _foreign(registry, repository, tag, "its content is missing or no JSON object")
    return document


def _only_layer(
    registry: Registry, repository: str, tag: str, manifest: Manifest, artifact_type: str
) -> Mapping[str, Any]:
    try:
        content = manifest.content
        found, (layer,) = content.get("artifactType"), content["layers"]
        usable = is_digest(layer["digest"])
    except (ValueError, KeyError, TypeError):
        usable, found, layer = False, None, {}
    if not usable:
        raise _foreign(registry, repository, tag, "it is no artifact with one layer")
    if found != artifact_type:
        raise _foreign(registry, repository, tag, f"its type is {found!r}, not {artifact_type!r}")
    return layer


def _embedded(layer: Mapping[str, Any]) -> bytes | None:
    """The content that the descriptor itself holds, if it is the content that its digest promises."""
    try:
        body = base64.b64decode(layer["data"], validate=True)
    except (KeyError, ValueError, TypeError):
        return None
    return body if digest_of(body) == layer["digest"] else None


def _parse(body: bytes | None) -> Mapping[str, Any] | None:
    try:
        document = json.loads(body or b"")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _foreign(registry: Registry, repository: str, tag: str, why: str) -> ForeignError:
    return ForeignError(
        f"this tag holds something that this program did not write: {why}",
        where=registry.name(repository, tag),
        consequence="it is neither used nor overwritten",
        next_step="see who writes to this repository; delete the tag if it is not needed",
    )
