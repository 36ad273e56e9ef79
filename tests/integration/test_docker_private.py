"""A registry that wants credentials: they go with the request, and only to the registry they are for."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from docker_trees import docker_says, tree
from real_registry import RealRegistry, running

from pipeline.local.blobs import Blobs
from pipeline.local.docker import Auth, Docker, DockerError, DockerImage
from pipeline.local.docker.load import single_file_tar

pytestmark = pytest.mark.integration


@pytest.fixture
def private(tmp_path: Path) -> Iterator[RealRegistry]:
    folder = tmp_path / "registry"
    folder.mkdir()
    with running(folder, basic=True) as registry:
        yield registry


@pytest.fixture
def auth(private: RealRegistry) -> Auth:
    return Auth(username=private.username, secret=private.token)


@pytest.fixture
async def docker(docker_host: str) -> AsyncIterator[Docker]:
    async with Docker(docker_host) as connected:
        yield connected


@pytest.fixture
async def pushed(docker: Docker, private: RealRegistry, auth: Auth) -> tuple[str, DockerImage]:
    """A private image, and its name by digest."""
    layer = single_file_tar("f", private.host.encode())
    image = await docker.derive(None, config={"Env": [f"FROM_PRIVATE={private.host}"]}, layers=[layer])
    digest = await docker.push(image, f"{private.host}/p/base:1", auth=auth)
    return f"{private.host}/p/base@{digest}", image


async def test_push_and_pull(
    docker: Docker, docker_host: str, private: RealRegistry, auth: Auth, pushed: tuple[str, DockerImage]
) -> None:
    name, image = pushed
    wrong = Auth(username=auth.username, secret="wrong")
    for refused in (None, wrong):
        with pytest.raises(DockerError, match=f"{private.host}/p/base:2: (no basic auth|unauthorized)"):
            await docker.push(image, f"{private.host}/p/base:2", auth=refused)
        with pytest.raises(
            DockerError, match=f"{private.host}/p/base:1: .*(no basic auth|unauthorized)"
        ) as failed:
            await docker.pull(f"{private.host}/p/base:1", auth=refused)
        assert auth.secret not in str(failed.value)
    pulled = await docker.pull(f"{private.host}/p/base:1", auth=auth)
    assert (pulled.id, pulled.digest) == (image.id, name.partition("@")[2])
    assert private.tags("p/base").keys() == {"1"}


async def test_a_private_base(
    docker: Docker,
    docker_host: str,
    private: RealRegistry,
    auth: Auth,
    pushed: tuple[str, DockerImage],
    tmp_path: Path,
) -> None:
    blobs = Blobs(tmp_path / "blobs")
    by_tag = tree(blobs, {"Dockerfile": f"FROM {private.host}/p/base:1\nLABEL private=1\n"})
    for credentials in ({}, {"localhost:1": auth}, {private.host: Auth(username="x", secret="y")}):
        with pytest.raises(DockerError, match=r"^Dockerfile:1: .*(no basic auth|[Uu]nauthorized|401)"):
            await docker.build(by_tag, blobs, auth=credentials)
    built = await docker.build(by_tag, blobs, auth={private.host: auth})
    assert f"FROM_PRIVATE={private.host}" in built.config["Env"]
    assert auth.secret not in docker_says(docker_host, "history", "--no-trunc", built.id)
