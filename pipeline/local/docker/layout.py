"""Archives for containerd's image store: OCI layouts of what it does not have yet.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md. The store has layers packed, under
other digests than those of a configuration: an image's own manifest names them.
"""

import asyncio
import gzip
import json
import shutil
import tarfile
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from io import SEEK_END, BytesIO
from typing import IO, Any
from weakref import WeakKeyDictionary

from pipeline.docker_host.client import Client, DockerError
from pipeline.local.docker.images import CACHE, cached
from pipeline.local.docker.model import DockerImage
from pipeline.local.tar import END, PIECE, digest_of, file_member, text_member

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYOUT = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()  # the file oci-layout
LARGEST = 4 << 20  # bytes of a manifest: containerd takes no larger one
Described = Mapping[str, Any]

# what the store has told of layers, by image
_told: WeakKeyDictionary[Client, dict[str, Sequence[Described]]] = WeakKeyDictionary()


async def additions(
    client: Client, base: DockerImage | None, document: bytes, layers: Sequence[IO[bytes]]
) -> Iterator[bytes]:
    """An image of this configuration: the layers of ``base``, which are only named, and ``layers``.

    Raises DockerError where the store does not tell how it calls the layers of ``base``.
    """
    below = await _layers_of(client, base) if base else ()
    packed = [await asyncio.to_thread(_packed, layer) for layer in layers]
    added = [described(layer, f"{LAYER}+gzip") for layer in packed]
    config, described_layers = described(BytesIO(document), CONFIG), [*map(_as_oci, below), *added]
    raw = manifest_of(config, described_layers)
    image = described(BytesIO(raw), MANIFEST)
    _told.setdefault(client, {})[image["digest"]] = described_layers
    blobs = [*zip(added, packed, strict=True), (config, BytesIO(document))]
    return _archive([*blobs, (image, BytesIO(raw))], image)


async def _layers_of(client: Client, image: DockerImage) -> Sequence[Described]:
    """What describes the layers in the image's manifest; asked once, since it takes reading an archive."""
    told = _told.setdefault(client, {})
    if image.id not in told:
        try:
            told[image.id] = await _searched(client, image)
        except (tarfile.HeaderError, asyncio.IncompleteReadError) as error:
            raise DockerError(f"missing in the archive of {image.id}: its manifest") from error
    return told[image.id]


async def _searched(client: Client, image: DockerImage) -> Sequence[Described]:
    documents: dict[str, Any] = {}
    async with aclosing(_documents(client, image)) as found:
        async for digest, document in found:
            documents[digest] = document
            for manifest in documents.values():
                config = documents.get(manifest.get("config", {}).get("digest", ""))
                if config and config["rootfs"]["diff_ids"] == list(image.layers):
                    return manifest["layers"]
    raise DockerError(f"missing in the archive of {image.id}: its manifest")


async def _documents(client: Client, image: DockerImage) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
    """The JSON objects of what `docker save` gives, by digest; layers are passed over."""
    async with client.open("GET", f"images/{image.id}/get") as response:
        stream = response.content
        while any(block := await stream.readexactly(tarfile.BLOCKSIZE)):
            header = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
            left, kept = header.size + -header.size % tarfile.BLOCKSIZE, b""
            while left:
                piece = await stream.readexactly(min(left, PIECE))
                left -= len(piece)
                kept += piece if header.size <= LARGEST else b""
            if kept.startswith(b"{") and header.name.startswith("blobs/"):
                yield f"sha256:{header.name.rpartition('/')[2]}", json.loads(kept[: header.size])


def _packed(layer: IO[bytes]) -> IO[bytes]:
    out = tempfile.TemporaryFile()  # noqa: SIM115  closed by who reads it
    layer.seek(0)
    with gzip.GzipFile(fileobj=out, mode="wb", filename="", mtime=0) as file:
        shutil.copyfileobj(layer, file, PIECE)
    return out


def _archive(blobs: Sequence[tuple[Described, IO[bytes]]], image: Described) -> Iterator[bytes]:
    for blob, file in blobs:
        with file:
            yield from file_member(path_of(blob), file)
    name = cached(image["digest"])
    tag = name.removeprefix(f"{CACHE}:")
    annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}
    index = {"schemaVersion": 2, "manifests": [{**image, "annotations": annotations}]}
    yield from text_member("index.json", json.dumps(index).encode())
    yield from text_member("oci-layout", LAYOUT)
    yield END


def _as_oci(layer: Described) -> Described:
    """NB: a manifest may not mix OCI's types with Docker's."""
    known = {"application/vnd.docker.image.rootfs.diff.tar.gzip": f"{LAYER}+gzip"}
    return {**layer, "mediaType": known.get(layer["mediaType"], layer["mediaType"])}


def manifest_of(config: Described, layers: Sequence[Described]) -> bytes:
    """An image's manifest."""
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    return json.dumps(manifest, sort_keys=True).encode()


def described(file: IO[bytes], media_type: str) -> dict[str, Any]:
    """What describes a blob."""
    return {"mediaType": media_type, "digest": digest_of(file), "size": file.seek(0, SEEK_END)}


def path_of(blob: Described) -> str:
    """Where a blob lies in a layout."""
    return f"blobs/{blob['digest'].replace(':', '/')}"
