"""What outlives a run is bounded, and can be removed."""

import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from bystanders import bystanders
from docker_trees import NO_BLOBS, docker_says, pull, tree

from pipeline.local.blobs import Blobs
from pipeline.local.docker import images
from pipeline.local.docker.build import Request, build
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.load import derive
from pipeline.local.docker.model import CacheMount

pytestmark = pytest.mark.integration


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> str:
    """A cache of the test's own: that of others on this machine is not to be touched."""
    own = f"pipeline.local/test-{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(images, "CACHE", own)
    monkeypatch.setattr(images, "KIND", f"{own}-kind")
    monkeypatch.setattr(images, "MOST", 2)
    return own


@pytest.fixture
def others(docker_host: str, base: str, name: str) -> Iterator[None]:
    with bystanders(docker_host, base):
        yield


@pytest.mark.usefixtures("others")
async def test_the_longest_unused_images_go_first_and_only_ours(
    docker_host: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Docker(docker_host, NO_BLOBS) as docker:
        kept = [
            await derive(docker.client, None, config={"Env": [f"A={number}-{name}"]}) for number in range(4)
        ]
        client = docker.client
        await images.trim(client)
        assert len(await images._kept(client)) == 4  # all young
        monkeypatch.setattr(images, "YOUNG", -60)
        ages = {images.cached(image.id): age for image, age in zip(kept, (3, 1, 4, 2), strict=True)}

        async def last_use(_client: object, tag: str) -> float:
            return ages[tag]

        monkeypatch.setattr(images, "_last_use", last_use)
        await images.trim(client)
        assert [await images.inspect(docker.client, image.id) is not None for image in kept] == [
            True,
            False,
            True,
            False,
        ]
        assert await images.forget(docker.client) == 2
        assert await images.inspect(docker.client, kept[2].id) is None


class KilledError(Exception):
    """Where a process ends."""


async def load(docker: Docker, name: str) -> None:
    await derive(docker.client, None, config={"Env": [f"A={name}"]})


async def make(docker: Docker, name: str) -> None:
    await build(docker, Request(context=tree(docker.blobs, {"Dockerfile": f"FROM scratch\nENV A={name}\n"})))


@pytest.mark.parametrize("work", [load, make])
async def test_an_image_has_a_name_as_soon_as_it_is_there(
    docker_host: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    work: Callable[[Docker, str], Awaitable[None]],
) -> None:
    async def killed(*_: object) -> None:
        raise KilledError

    monkeypatch.setattr(images, "keep", killed)
    async with Docker(docker_host, Blobs(tmp_path)) as docker:
        with pytest.raises(KilledError):
            await work(docker, name)
        assert await images.forget(docker.client) == 1


async def test_the_last_use_is_known(docker_host: str, name: str) -> None:
    async with Docker(docker_host, NO_BLOBS) as docker:
        image = await derive(docker.client, None, config={"Env": [f"A={name}"]})
        client = docker.client
        first = await images._last_use(client, images.cached(image.id))
        assert first > 1_700_000_000
        assert await images._last_use(client, f"{name}:absent") == 0
        assert await images.forget(docker.client) == 1


@pytest.mark.usefixtures("others")
async def test_cache_volumes_go_with_forget_and_not_before(
    docker_host: str, base: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.local.docker.command.KIND", f"{name}-kind")
    mounts = [CacheMount(target="/c", key=name)]
    wanted = ["volume", "ls", "-q", "--filter", f"label=pipeline.local.cache={name}"]
    async with Docker(docker_host, NO_BLOBS) as docker:
        await execute(docker, await pull(docker, base), Command(args=["touch", "/c/x"], mounts=mounts))
    assert docker_says(docker_host, *wanted)
    async with Docker(docker_host, NO_BLOBS) as docker:
        assert await images.forget(docker.client) == 1
    assert not docker_says(docker_host, *wanted)
