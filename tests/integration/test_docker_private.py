"""A registry that wants credentials: they go with the request, and only to the registry they are for."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from docker_trees import docker_says, pull, push, single_file_tar, tree
from real_registry import RealRegistry, running

from pipeline.docker_host.client import DockerError
from pipeline.local.blobs import Blobs
from pipeline.local.docker.build import Request, build
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.load import derive
from pipeline.local.docker.model import Auth, DockerImage

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
async def pushed(docker: Docker, private: RealRegistry, auth: Auth) -> tuple[str, DockerImage]:
    """A private image, and its name by digest."""
    layer = single_file_tar("f", private.host.encode())
    image = await derive(
        docker.client, None, config={"Env": [f"FROM_PRIVATE={private.host}"]}, layers=[BytesIO(layer)]
    )
    digest = await push(docker, image, f"{private.host}/p/base:1", auth=auth)
    return f"{private.host}/p/base@{digest}", image


async def test_push_and_pull(
    docker: Docker, docker_host: str, private: RealRegistry, auth: Auth, pushed: tuple[str, DockerImage]
) -> None:
    name, image = pushed
    wrong = Auth(username=auth.username, secret="wrong")
    for refused in (None, wrong):
        with pytest.raises(DockerError, match=f"(?i){private.host}/p/base:2: .*(no basic auth|unauthorized)"):
            await push(docker, image, f"{private.host}/p/base:2", auth=refused)
        with pytest.raises(
            DockerError, match=f"{private.host}/p/base:1: .*(no basic auth|unauthorized)"
        ) as failed:
            await pull(docker, f"{private.host}/p/base:1", auth=refused)
        assert auth.secret not in str(failed.value)
    pulled = await pull(docker, f"{private.host}/p/base:1", auth=auth)
    assert (pulled.id, pulled.digest) == (image.id, name.partition("@")[2])
    assert private.tags("p/base").keys() == {"1"}


async def test_a_private_base(
    docker: Docker,
    docker_host: str,
    private: RealRegistry,
    auth: Auth,
    pushed: tuple[str, DockerImage],
    blobs: Blobs,
) -> None:
    by_tag = tree(blobs, {"Dockerfile": f"FROM {private.host}/p/base:1\nLABEL private=1\n"})
    for credentials in ({}, {"localhost:1": auth}, {private.host: Auth(username="x", secret="y")}):
        with pytest.raises(DockerError, match=r"^Dockerfile:1: .*(no basic auth|[Uu]nauthorized|401)"):
            await build(docker, Request(context=by_tag, auth=credentials))
    built = await build(docker, Request(context=by_tag, auth={private.host: auth}))
    assert f"FROM_PRIVATE={private.host}" in built.config["Env"]
    assert auth.secret not in docker_says(docker_host, "history", "--no-trunc", built.id)
