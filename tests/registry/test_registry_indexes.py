"""Indexes: what one is made of, what is read from one, and from what is none."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from clients_of_scripts import Clients
from scripted import Asked, Reply, serving

from pipeline.registry.documents.records import absent_parts
from pipeline.registry.oci.images import platforms_there, running_config
from pipeline.registry.oci.media import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    digest_of,
    index_manifest,
    platform_name,
)

ONE, TWO = (Manifest(media_type=OCI_MANIFEST, body=b'{"n": %d}' % n) for n in (1, 2))
DOCKER = Manifest(media_type=DOCKER_MANIFEST, body=b"{}")


@pytest.mark.parametrize(
    ("images", "media_type"),
    [
        pytest.param({"linux/amd64": ONE, "linux/arm/v7": TWO}, OCI_INDEX, id="OCI"),
        pytest.param({"linux/amd64": DOCKER, "linux/arm/v7": DOCKER}, DOCKER_LIST, id="Docker"),
        pytest.param({"linux/amd64": DOCKER, "linux/arm/v7": ONE}, OCI_INDEX, id="both"),
    ],
)
def test_an_index_says_what_it_was_made_of(images: dict[str, Manifest], media_type: str) -> None:
    index = index_manifest(images)
    assert (index.media_type, index.is_index, index.content["mediaType"]) == (media_type, True, media_type)
    assert index.platforms == {name: image.digest for name, image in images.items()}
    assert index.parts == tuple(image.digest for image in images.values())
    assert index.content["manifests"][1]["platform"] == {
        "os": "linux",
        "architecture": "arm",
        "variant": "v7",
    }
    assert index.for_platform("linux/arm") == images["linux/arm/v7"].digest
    assert index.for_platform("linux/arm64") is None and index_manifest(images) == index


@pytest.mark.parametrize(
    ("described", "name"),
    [
        pytest.param({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64", id="v8"),
        pytest.param({"os": "linux", "architecture": "amd64", "os.version": "x"}, "linux/amd64", id="more"),
        pytest.param({}, "", id="none"),
    ],
)
def test_a_platform_as_registries_describe_it(described: dict[str, str], name: str) -> None:
    assert platform_name(described) == name


def test_what_is_no_index_has_no_parts_and_attestations_are_no_platform() -> None:
    assert (ONE.parts, ONE.platforms) == ((), {})
    entries = [
        {"digest": "a", "platform": {"os": "unknown", "architecture": "unknown"}},
        {"digest": "b"},
        {"digest": "c", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "d", "platform": {"os": "linux", "architecture": "amd64"}},
    ]
    index = Manifest(media_type=OCI_INDEX, body=json.dumps({"manifests": entries}).encode())
    assert (index.parts, index.platforms) == (("a", "b", "c", "d"), {"linux/amd64": "c"})


RUNNING = {"OnBuild": ["COPY . /app", "RUN make"], "StopSignal": "SIGINT"}
CONFIG = json.dumps({"os": "linux", "architecture": "arm64", "config": RUNNING}).encode()
IMAGE = Manifest(media_type=OCI_MANIFEST, body=json.dumps({"config": {"digest": digest_of(CONFIG)}}).encode())
INDEX = index_manifest({"linux/amd64": IMAGE, "linux/riscv64": ONE})


def registry_of(asked: Asked) -> Reply:
    """One that has the index, of its images only one, and that one's configuration."""
    there = {"index": INDEX, "image": IMAGE, INDEX.digest: INDEX, IMAGE.digest: IMAGE}
    name = asked.path.rpartition("/")[2]
    if name == digest_of(CONFIG):
        return Reply(body=CONFIG)
    if name not in there:
        return Reply(status=404)
    found = there[name]
    body = b"" if asked.method == "HEAD" else found.body
    headers = {"Content-Type": found.media_type, "Docker-Content-Digest": found.digest}
    return Reply(body=body, headers=headers)


@pytest.mark.parametrize(
    ("reference", "platforms"),
    [
        pytest.param("index", ("linux/amd64", "linux/riscv64"), id="of an index"),
        pytest.param("image", ("linux/arm64",), id="of an image"),
        pytest.param("nothing", (), id="of nothing"),
    ],
)
async def test_for_what_there_are_images(
    clients: Clients, reference: str, platforms: tuple[str, ...]
) -> None:
    async with serving(registry_of) as server, clients.anonymous(server) as registry:
        assert await platforms_there(registry, "org/x", reference) == platforms


@pytest.mark.parametrize(
    ("digest", "config"),
    [
        pytest.param(INDEX.digest, RUNNING, id="of an index"),
        pytest.param(IMAGE.digest, RUNNING, id="of an image"),
        pytest.param(ONE.digest, {}, id="of nothing"),
    ],
)
async def test_how_an_image_is_run(clients: Clients, digest: str, config: Mapping[str, Any]) -> None:
    async with serving(registry_of) as server, clients.anonymous(server) as registry:
        assert await running_config(registry, "org/x", digest) == config


@pytest.mark.parametrize(
    ("digest", "absent"),
    [
        pytest.param(IMAGE.digest, (), id="an image that is there"),
        pytest.param(TWO.digest, (TWO.digest,), id="one that is not"),
        pytest.param(INDEX.digest, (ONE.digest,), id="an index that lost one"),
    ],
)
async def test_what_is_missing_of_an_image(clients: Clients, digest: str, absent: tuple[str, ...]) -> None:
    async with serving(registry_of) as server, clients.anonymous(server) as registry:
        assert await absent_parts(registry, "org/x", digest) == absent
