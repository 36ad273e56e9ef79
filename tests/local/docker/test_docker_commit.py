"""Mount points that Docker made do not stay in a committed image, and nothing else goes."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.local.docker import images, load
from pipeline.local.docker.commit import commit, stubs_among
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Container, DockerImage


@pytest.mark.parametrize(
    ("added", "targets", "expected"),
    [
        pytest.param({"/mnt/d"}, ["/mnt/d"], ["/mnt/d"], id="target"),
        pytest.param({"/a", "/a/b"}, ["/a/b"], ["/a"], id="with-its-parent"),
        pytest.param({"/a", "/a/b", "/a/mine"}, ["/a/b"], ["/a/b"], id="parent-in-use"),
        pytest.param({"/a/b", "/a/b/mine"}, ["/a/b"], [], id="written-below"),
        pytest.param({"/mine"}, ["/mnt"], [], id="was-there-before"),
        pytest.param({"/a", "/a/b", "/a/c"}, ["/a/b", "/a/c"], ["/a"], id="two-in-one-parent"),
        pytest.param({"/ab", "/a"}, ["/a"], ["/a"], id="not-a-prefix"),
        pytest.param({"/w", "/w/c"}, ["/w/c/"], ["/w/c"], id="working-directory-stays"),
    ],
)
def test_stubs(added: set[str], targets: list[str], expected: list[str]) -> None:
    assert stubs_among(added, targets, workdir="/w") == expected


class Client:
    """Commits, and takes its time to remove what was only a step."""

    def __init__(self, driver: list[list[str]]) -> None:
        self.info = {"DriverStatus": driver}
        self.removed: list[str] = []

    async def json(self, *_: Any, **__: Any) -> Any:
        return {"Id": "sha256:step"}

    async def delete(self, path: str, **_: Any) -> None:
        await asyncio.sleep(0)
        self.removed.append(path)


@pytest.mark.parametrize(
    ("driver", "first"),
    [([["driver-type", "io.containerd.snapshotter.v1"]], ["images/sha256:step"]), ([], [])],
    ids=["containerd's store", "Docker's store"],
)
async def test_the_step_goes_before_its_image_is_used_where_it_takes_snapshots_with_it(
    monkeypatch: pytest.MonkeyPatch, driver: list[list[str]], first: list[str]
) -> None:
    image = DockerImage(id="sha256:x", config={}, layers=(), platform="linux/amd64")

    async def given(*_: Any, **__: Any) -> DockerImage:
        return image

    monkeypatch.setattr(images, "known", given)
    monkeypatch.setattr(load, "derive", given)
    client, later = Client(driver), list[Coroutine[Any, Any, Any]]()
    docker = cast("Docker", SimpleNamespace(client=client, later=later.append))
    assert await commit(docker, Container(id="c", image=image), config={}) is image
    assert client.removed == first
    await asyncio.gather(*later)
    assert client.removed == ["images/sha256:step"]
