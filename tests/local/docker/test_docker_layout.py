"""New images over layers that containerd's store has: what is asked of it, and what it is given.

A stand-in saves images as Docker Engine 29.7.2 does with that store.
"""

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.docker_host.client import ApiError, Client, DockerError
from pipeline.local.docker.load import derive
from pipeline.local.docker.model import DockerImage
from pipeline.local.tar import END, text_member

GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
LARGE = 5 << 20  # bytes; no manifest


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Body(asyncio.StreamReader):
    """What an answer's content has of aiohttp's."""

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        while piece := await self.read(size):
            yield piece


class Engine:
    """Has one image of one layer; keeps what it is given."""

    def __init__(self, *, tells: bool = True) -> None:
        self.info = {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
        self.given: list[dict[str, bytes]] = []
        self.saved = 0
        plain = bytes(LARGE)
        self.layer = gzip.compress(plain, mtime=0) + bytes(LARGE)
        config = json.dumps({"config": {}, "rootfs": {"diff_ids": [sha256(plain)]}}).encode()
        below = [{"mediaType": GZIP, "digest": sha256(self.layer), "size": len(self.layer)}]
        manifest = json.dumps({"config": {"digest": sha256(config)}, "layers": below}).encode()
        blobs = [self.layer, config, *([manifest] if tells else [])]
        files = {f"blobs/sha256/{sha256(blob)[7:]}": blob for blob in blobs}
        listed = {"Config": "config", "Layers": [f"blobs/sha256/{sha256(self.layer)[7:]}"]}
        files["manifest.json"] = json.dumps([listed]).encode()
        self.archive = b"".join(piece for name in sorted(files) for piece in text_member(name, files[name]))
        self.image = DockerImage(
            id=sha256(manifest), config={}, layers=(sha256(plain),), platform="linux/amd64"
        )

    @asynccontextmanager
    async def open(self, method: str, path: str, **_: Any) -> AsyncIterator[Any]:
        assert (method, path) == ("GET", f"images/{self.image.id}/get")
        self.saved += 1
        stream = Body(limit=1 << 30)
        stream.feed_data(self.archive + END)
        stream.feed_eof()
        yield SimpleNamespace(content=stream)

    async def messages(self, _path: str, *, data: AsyncIterator[bytes], **_: Any) -> AsyncIterator[Any]:
        with tarfile.open(fileobj=io.BytesIO(b"".join([piece async for piece in data]))) as tar:
            self.given.append({name: cast("Any", tar.extractfile(name)).read() for name in tar.getnames()})
        if "index.json" in self.given[-1]:
            annotations = json.loads(self.given[-1]["index.json"])["manifests"][0]["annotations"]
            yield {"stream": f"Loaded image: {annotations['io.containerd.image.name']}\n"}
        else:
            yield {
                "stream": f"Loaded image: {json.loads(self.given[-1]['manifest.json'])[0]['RepoTags'][0]}\n"
            }

    async def bytes(self, *_: Any, **__: Any) -> bytes:
        return b""

    async def json(self, *_: Any, **__: Any) -> Any:
        index = json.loads(self.given[-1].get("index.json", b'{"manifests": [{"digest": "sha256:1"}]}'))
        digest = index["manifests"][0]["digest"]
        return {"Id": digest, "Os": "linux", "Architecture": "amd64", "Config": {}}


def manifest_of(given: dict[str, bytes]) -> dict[str, Any]:
    """The manifest of a layout, of which every blob that is there is what its name says."""
    for name, data in given.items():
        assert not name.startswith("blobs/") or name == f"blobs/sha256/{sha256(data)[7:]}"
    assert json.loads(given["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    described = json.loads(given["index.json"])["manifests"][0]
    return json.loads(given[f"blobs/sha256/{described['digest'][7:]}"])


def blob(given: dict[str, bytes], described: dict[str, Any]) -> bytes:
    data = given[f"blobs/sha256/{described['digest'][7:]}"]
    assert len(data) == described["size"]
    return data


async def test_layers_that_are_there_are_named_and_not_sent(tmp_path: Path) -> None:
    engine = Engine()
    client = cast("Client", engine)
    (tmp_path / "layer").write_bytes(b"in a file")
    made = await derive(
        client,
        engine.image,
        config={"Env": ["A=1"]},
        layers=[io.BytesIO(b"in memory"), (tmp_path / "layer").open("rb")],
    )
    manifest = manifest_of(engine.given[0])
    assert manifest["layers"][0] == {
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": sha256(engine.layer),
        "size": len(engine.layer),
    }
    assert f"blobs/sha256/{sha256(engine.layer)[7:]}" not in engine.given[0]
    plain = [gzip.decompress(blob(engine.given[0], layer)) for layer in manifest["layers"][1:]]
    assert plain == [b"in memory", b"in a file"]
    config = json.loads(blob(engine.given[0], manifest["config"]))
    assert config["config"] == {"Env": ["A=1"]}
    assert config["rootfs"]["diff_ids"] == [*engine.image.layers, *map(sha256, plain)]
    again = DockerImage(id=made.id, config={}, layers=config["rootfs"]["diff_ids"], platform="linux/amd64")
    await derive(client, again, config={})
    assert manifest_of(engine.given[1])["layers"] == manifest["layers"]
    assert engine.saved == 1  # what it has told once, and what it was given, is known


async def test_equal_arguments_give_an_equal_image() -> None:
    engine = Engine()
    ids = [
        (await derive(cast("Client", engine), engine.image, config={}, layers=[io.BytesIO(b"x")])).id
        for _ in "12"
    ]
    assert ids[0] == ids[1]
    assert (
        await derive(cast("Client", engine), engine.image, config={}, layers=[io.BytesIO(b"y")])
    ).id != ids[0]


async def test_an_image_of_nothing() -> None:
    engine = Engine()
    await derive(cast("Client", engine), None, config={"Cmd": ["x"]}, platform="linux/arm64")
    manifest = manifest_of(engine.given[0])
    assert [gzip.decompress(blob(engine.given[0], layer)) for layer in manifest["layers"]] == [END]
    assert json.loads(blob(engine.given[0], manifest["config"]))["architecture"] == "arm64"


async def test_where_the_store_does_not_tell_the_archive_is_whole() -> None:
    engine = Engine(tells=False)
    await derive(cast("Client", engine), engine.image, config={"Env": ["A=1"]})
    listed = json.loads(engine.given[0]["manifest.json"])[0]
    assert [engine.given[0][name] for name in listed["Layers"]] == [engine.layer]
    assert json.loads(engine.given[0][listed["Config"]])["config"] == {"Env": ["A=1"]}


async def test_another_failure_is_told_at_once() -> None:
    class Full(Engine):
        async def messages(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
            raise ApiError("no space left on device")
            yield

    engine = Full()
    with pytest.raises(DockerError, match="no space left"):
        await derive(cast("Client", engine), engine.image, config={})
    assert engine.saved == 1
