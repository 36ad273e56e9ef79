"""Images of real Docker: pulled as the registry has them, derived, pushed, saved."""

import asyncio
import gzip
import json
import re
import shutil
import tarfile
import uuid
from io import BytesIO
from pathlib import Path

import pytest
from docker_trees import docker_says, output, pull, push, sha256, single_file_tar

from pipeline.docker_host.client import DockerError
from pipeline.local.docker import archive, images
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.load import derive
from pipeline.local.docker.model import DockerImage, Event
from pipeline.local.docker.save import save

pytestmark = pytest.mark.integration

REFUSED = "dial tcp 127.0.0.1:1: connect: connection refused"


@pytest.fixture
async def image(docker: Docker, base: str) -> DockerImage:
    return await pull(docker, base)


async def test_pull_names_the_digest_and_pulls_what_is_absent(
    docker: Docker, docker_host: str, image: DockerImage, registry: str, events: list[Event]
) -> None:
    name = f"{registry}/pipeline-test/{uuid.uuid4().hex[:8]}"
    derived = await derive(
        docker.client,
        image,
        config={"Env": [f"A={name}"]},
        layers=[BytesIO(single_file_tar("f", name.encode()))],
    )
    digest = await push(docker, derived, f"{name}:1")
    docker_says(
        docker_host,
        "rmi",
        "--force",
        *docker_says(
            docker_host,
            "images",
            "-q",
            "--no-trunc",
            "--filter",
            "reference=pipeline.local/cache:" + derived.id[7:39],
        ).split(),
    )
    assert await images.inspect(docker.client, derived.id) is None
    for reference in (f"{name}:1", f"{name}@{digest}"):
        pulled = await pull(docker, reference)
        assert (pulled.id, pulled.digest, pulled.config) == (derived.id, digest, derived.config)
    assert Event(kind="pull", name=f"{name}:1", text=digest) in events
    docker_says(docker_host, "rmi", f"{name}@{digest}")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{registry}/no/such:1", "{registry}/no/such:1: not found"),
        ("{registry}/pipeline/base:nope", "{registry}/pipeline/base:nope: not found"),
        ("localhost:1/x:1", 'localhost:1/x:1: Get "http://localhost:1/v2/": dial tcp'),
        ("NOT A REF", "NOT A REF: invalid reference format"),
        (
            "{registry}/pipeline/base@sha256:" + 64 * "0",
            "{registry}/pipeline/base@sha256:" + 64 * "0" + ": not found",
        ),
    ],
    ids=["repository", "tag", "dead-registry", "no-reference", "digest"],
)
async def test_what_cannot_be_pulled(docker: Docker, registry: str, reference: str, expected: str) -> None:
    with pytest.raises(DockerError) as failed:
        await pull(docker, reference.replace("{registry}", registry))
    assert str(failed.value).startswith(expected.replace("{registry}", registry))
    assert "\n" not in str(failed.value)


async def test_derived_images_are_equal_for_equal_arguments(docker: Docker, image: DockerImage) -> None:
    config = {"Env": ["A=1"], "Cmd": ["x"], "Labels": {"l": "1"}, "Healthcheck": {"Test": ["NONE"]}}
    layer = single_file_tar("probe", b"here\n", 0o755)
    one, two = [await derive(docker.client, image, config=config, layers=[BytesIO(layer)]) for _ in range(2)]
    other = await derive(docker.client, image, config={**config, "Cmd": ["y"]}, layers=[BytesIO(layer)])
    assert one == two
    assert one.id != other.id
    assert one.config == config
    assert one.layers == (*image.layers, f"sha256:{sha256(layer)}")
    assert await output(docker, one, "cat /probe; stat -c %a /probe") == "here\n755\n"


async def test_a_layer_from_a_file_and_an_image_of_nothing(
    docker: Docker, image: DockerImage, tmp_path: Path
) -> None:
    path = tmp_path / "layer.tar"
    path.write_bytes(single_file_tar("f", b"x" * 100_000))
    with path.open("rb") as layer:
        derived = await derive(docker.client, image, config={}, layers=[layer])
    assert await output(docker, derived, "wc -c < /f") == "100000\n"
    empty = await derive(docker.client, None, config={"Cmd": ["x"]}, platform="linux/arm64")
    assert (empty.config, empty.platform) == ({"Cmd": ["x"]}, "linux/arm64")
    assert await archive.stat(docker, empty, "/f") is None


async def test_a_store_that_wants_whole_archives(
    docker: Docker, image: DockerImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As containerd's does where it does not tell what it calls its layers; walked on this one."""
    layer = single_file_tar("f", b"whole\n")
    expected = await derive(docker.client, image, config={"Env": ["B=2"]}, layers=[BytesIO(layer)])
    monkeypatch.setattr("pipeline.local.docker.load.uses_containerd", lambda _client: True)
    assert await derive(docker.client, image, config={"Env": ["B=2"]}, layers=[BytesIO(layer)]) == expected


async def test_a_push_leaves_the_local_tag_as_it_was(
    docker: Docker, docker_host: str, image: DockerImage, registry: str
) -> None:
    name = f"{registry}/pipeline-test/{uuid.uuid4().hex[:8]}:1"
    mine, theirs = [
        await derive(docker.client, image, config={"Env": [f"A={text}-{name}"]})
        for text in ("mine", "theirs")
    ]
    digest = await push(docker, mine, name)
    assert await push(docker, mine, name) == digest
    assert (
        await push(docker, mine, name.replace(":1", ":2").replace(f"{registry[:-5]}:2", registry)) == digest
    )
    assert await images.inspect(docker.client, name) is None
    assert await images.inspect(docker.client, mine.id) == mine
    docker_says(docker_host, "tag", theirs.id, name)
    try:
        assert await push(docker, mine, name) == digest
        left = await images.inspect(docker.client, name)
        assert left and left.id == theirs.id
        assert (await pull(docker, name)).id == mine.id
    finally:
        docker_says(docker_host, "rmi", name)


@pytest.mark.parametrize("before", ["nobody's", "another's", "another's, which is gone"])
async def test_a_name_for_a_push_is_given_back_where_the_run_was_killed(
    docker: Docker, image: DockerImage, before: str, tmp_path: Path
) -> None:
    name = f"pipeline-test/{uuid.uuid4().hex[:8]}"
    other = await derive(docker.client, image, config={"Env": [f"A={name}"]})
    if before != "nobody's":
        await images._tag(docker.client, other.id, name, "1")
    (tmp_path / f"half{images._LENT}").write_text(docker.client.info["ID"])
    async with images._tagged(docker.client, image, name, "1", tmp_path):
        assert (await images.known(docker.client, f"{name}:1")).id == image.id
        if before == "another's, which is gone":
            assert await docker.client.delete(f"images/{images.cached(other.id)}")
        dead = shutil.copytree(tmp_path, tmp_path / "place/run")  # with it, its turn is over
        await images.give_back(docker.client, dead)  # as the next one does
        left = await images.inspect(docker.client, f"{name}:1")
        assert (left and left.id) == (other.id if before == "another's" else None)
    await docker.client.delete(f"images/{name}:1", noprune="1")
    assert [each.name for each in tmp_path.glob("*.lent")] == ["half.lent"]


async def test_runs_that_push_one_name_at_a_time_take_turns(
    docker: Docker, image: DockerImage, tmp_path: Path
) -> None:
    """NB: each has a folder of its own, as processes have; nobody's local name is left in the end."""
    name = f"pipeline-test/{uuid.uuid4().hex[:8]}"

    async def lend(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        mine = await derive(docker.client, image, config={"Env": [f"A={number}-{name}"]})
        async with images._tagged(docker.client, mine, name, "1", folder):
            await asyncio.sleep(0.1)
            assert (await images.known(docker.client, f"{name}:1")).id == mine.id

    await asyncio.gather(*map(lend, range(3)))
    assert await images.inspect(docker.client, f"{name}:1") is None


async def test_two_starts_at_a_time_may_find_the_same_dead_run(docker: Docker, tmp_path: Path) -> None:
    """One has listed its notes when the other one has removed them."""
    (tmp_path / f"x{images._LENT}").symlink_to(tmp_path / "removed")
    await images.give_back(docker.client, tmp_path)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            "localhost:1/x/y:1",
            rf'localhost:1/x/y:1: (Get|failed to do request: Head) "https?://localhost:1/v2/.*": {REFUSED}',
        ),
        (
            "{registry}/UPPER/x:1",
            r"{registry}/UPPER/x:1: invalid reference format: repository name .*must be lowercase",
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
        await push(docker, image, reference.replace("{registry}", registry))
    assert re.fullmatch(expected.replace("{registry}", registry), str(failed.value))


async def test_a_saved_image_is_an_oci_layout_that_docker_loads(
    docker: Docker, docker_host: str, image: DockerImage, tmp_path: Path
) -> None:
    marker = uuid.uuid4().hex
    derived = await derive(
        docker.client,
        image,
        config={"Env": [f"A={marker}"]},
        layers=[BytesIO(single_file_tar("f", marker.encode()))],
    )
    path = tmp_path / "image.tar"
    await save(docker.client, derived, path)
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
    plain = [
        gzip.decompress(blobs[layer["digest"]])
        if layer["mediaType"].endswith("gzip")
        else blobs[layer["digest"]]
        for layer in manifest["layers"]
    ]
    assert [f"sha256:{sha256(layer)}" for layer in plain] == list(derived.layers)
    assert all(len(blobs[layer["digest"]]) == layer["size"] for layer in manifest["layers"])
    assert json.loads(blobs[manifest["config"]["digest"]])["config"]["Env"] == [f"A={marker}"]
    docker_says(docker_host, "rmi", f"pipeline.local/cache:{derived.id[7:39]}")
    assert derived.id in docker_says(docker_host, "load", "-q", "-i", str(path))
    docker_says(docker_host, "rmi", derived.id)
