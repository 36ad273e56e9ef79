"""Images of real Docker: pulled as the registry has them, derived, pushed, saved."""

import json
import tarfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from docker_trees import docker_says, output, sha256

from pipeline.local.docker import Docker, DockerError, DockerImage, Event
from pipeline.local.docker.load import single_file_tar

pytestmark = pytest.mark.integration

REFUSED = "dial tcp 127.0.0.1:1: connect: connection refused"


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def docker(docker_host: str, events: list[Event]) -> AsyncIterator[Docker]:
    async with Docker(docker_host, on_event=events.append) as connected:
        yield connected


@pytest.fixture
async def image(docker: Docker, base: str) -> DockerImage:
    return await docker.pull(base)


async def test_pull_names_the_digest_and_pulls_what_is_absent(
    docker: Docker, docker_host: str, image: DockerImage, registry: str, events: list[Event]
) -> None:
    name = f"{registry}/pipeline-test/{uuid.uuid4().hex[:8]}"
    derived = await docker.derive(
        image, config={"Env": [f"A={name}"]}, layers=[single_file_tar("f", name.encode())]
    )
    digest = await docker.push(derived, f"{name}:1")
    docker_says(
        docker_host,
        "rmi",
        *docker_says(
            docker_host,
            "images",
            "-q",
            "--no-trunc",
            "--filter",
            "reference=pipeline.local/cache:" + derived.id[7:39],
        ).split(),
    )
    assert await docker.inspect(derived.id) is None
    for reference in (f"{name}:1", f"{name}@{digest}"):
        pulled = await docker.pull(reference)
        assert (pulled.id, pulled.digest, pulled.config) == (derived.id, digest, derived.config)
    assert Event(kind="pull", name=f"{name}:1", text=digest) in events
    docker_says(docker_host, "rmi", f"{name}@{digest}")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{registry}/no/such:1", "{registry}/no/such:1: not found"),
        ("{registry}/pipeline/base:nope", "{registry}/pipeline/base:nope: not found"),
        ("localhost:1/x:1", 'localhost:1/x:1: Get "http://localhost:1/v2/": dial tcp'),
        ("NOT A REF", "NOT A REF: invalid reference format: repository name (NOT A REF) must be lowercase"),
        (
            "{registry}/pipeline/base@sha256:" + 64 * "0",
            "{registry}/pipeline/base@sha256:" + 64 * "0" + ": not found",
        ),
    ],
    ids=["repository", "tag", "dead-registry", "no-reference", "digest"],
)
async def test_what_cannot_be_pulled(docker: Docker, registry: str, reference: str, expected: str) -> None:
    with pytest.raises(DockerError) as failed:
        await docker.pull(reference.replace("{registry}", registry))
    assert str(failed.value).startswith(expected.replace("{registry}", registry))
    assert "\n" not in str(failed.value)


async def test_derived_images_are_equal_for_equal_arguments(docker: Docker, image: DockerImage) -> None:
    config = {"Env": ["A=1"], "Cmd": ["x"], "Labels": {"l": "1"}, "Healthcheck": {"Test": ["NONE"]}}
    layer = single_file_tar("probe", b"here\n", 0o755)
    one, two = [await docker.derive(image, config=config, layers=[layer]) for _ in range(2)]
    other = await docker.derive(image, config={**config, "Cmd": ["y"]}, layers=[layer])
    assert one == two
    assert one.id != other.id
    assert one.config == config
    assert one.layers == (*image.layers, f"sha256:{sha256(layer)}")
    assert await output(docker, one, "cat /probe; stat -c %a /probe") == "here\n755\n"


async def test_a_layer_from_a_file_and_an_image_of_nothing(
    docker: Docker, image: DockerImage, tmp_path: Path
) -> None:
    layer = tmp_path / "layer.tar"
    layer.write_bytes(single_file_tar("f", b"x" * 100_000))
    assert (
        await output(docker, await docker.derive(image, config={}, layers=[layer]), "wc -c < /f")
        == "100000\n"
    )
    empty = await docker.derive(None, config={"Cmd": ["x"]}, platform="linux/arm64")
    assert (empty.config, empty.platform) == ({"Cmd": ["x"]}, "linux/arm64")
    assert await docker.stat(empty, "/f") is None


async def test_a_store_that_wants_whole_archives(
    docker: Docker, image: DockerImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way for containerd's store, walked on this one."""
    layer = single_file_tar("f", b"whole\n")
    expected = await docker.derive(image, config={"Env": ["B=2"]}, layers=[layer])
    monkeypatch.setattr("pipeline.local.docker.load.uses_containerd", lambda _client: True)
    assert await docker.derive(image, config={"Env": ["B=2"]}, layers=[layer]) == expected


async def test_a_push_leaves_the_local_tag_as_it_was(
    docker: Docker, docker_host: str, image: DockerImage, registry: str
) -> None:
    name = f"{registry}/pipeline-test/{uuid.uuid4().hex[:8]}:1"
    mine, theirs = [
        await docker.derive(image, config={"Env": [f"A={text}-{name}"]}) for text in ("mine", "theirs")
    ]
    digest = await docker.push(mine, name)
    assert await docker.push(mine, name) == digest
    assert await docker.push(mine, name.replace(":1", ":2").replace(f"{registry[:-5]}:2", registry)) == digest
    assert await docker.inspect(name) is None
    assert await docker.inspect(mine.id) == mine
    docker_says(docker_host, "tag", theirs.id, name)
    try:
        assert await docker.push(mine, name) == digest
        left = await docker.inspect(name)
        assert left and left.id == theirs.id
        assert (await docker.pull(name)).id == mine.id
    finally:
        docker_says(docker_host, "rmi", name)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            "localhost:1/x/y:1",
            f'localhost:1/x/y:1: Get "http://localhost:1/v2/": {REFUSED}',
        ),
        (
            "{registry}/UPPER/x:1",
            "{registry}/UPPER/x:1: invalid reference format: repository name (UPPER/x) must be lowercase",
        ),
        (
            "{registry}/x@sha256:" + 64 * "0",
            "{registry}/x@sha256:" + 64 * "0" + ": push needs a tag, not a digest",
        ),
    ],
    ids=["dead-registry", "capitals", "digest"],
)
async def test_what_cannot_be_pushed(
    docker: Docker, image: DockerImage, registry: str, reference: str, expected: str
) -> None:
    with pytest.raises(DockerError) as failed:
        await docker.push(image, reference.replace("{registry}", registry))
    assert str(failed.value) == expected.replace("{registry}", registry)


async def test_a_saved_image_is_an_oci_layout_that_docker_loads(
    docker: Docker, docker_host: str, image: DockerImage, tmp_path: Path
) -> None:
    marker = uuid.uuid4().hex
    derived = await docker.derive(
        image, config={"Env": [f"A={marker}"]}, layers=[single_file_tar("f", marker.encode())]
    )
    path = tmp_path / "image.tar"
    await docker.save(derived, path)
    assert [one.name for one in tmp_path.iterdir()] == ["image.tar"]
    with tarfile.open(path) as tar:
        top = {name.split("/")[0] for name in tar.getnames()}
        assert top == {"blobs", "index.json", "manifest.json", "oci-layout"}
        blobs = {}
        for member in tar:
            file = tar.extractfile(member)
            if member.name.startswith("blobs/sha256/") and file:
                blobs[f"sha256:{member.name.rpartition('/')[2]}"] = file.read()
        index = json.load(tar.extractfile("index.json"))  # type: ignore[arg-type]
    assert all(digest == f"sha256:{sha256(data)}" for digest, data in blobs.items())
    manifest = json.loads(blobs[index["manifests"][0]["digest"]])
    assert [layer["digest"] for layer in manifest["layers"]] == list(derived.layers)
    assert all(len(blobs[layer["digest"]]) == layer["size"] for layer in manifest["layers"])
    assert json.loads(blobs[manifest["config"]["digest"]])["config"]["Env"] == [f"A={marker}"]
    docker_says(docker_host, "rmi", f"pipeline.local/cache:{derived.id[7:39]}")
    assert derived.id in docker_says(docker_host, "load", "-q", "-i", str(path))
    docker_says(docker_host, "rmi", derived.id)
