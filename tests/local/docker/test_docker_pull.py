"""Pulling for one platform from a Docker that answers with another: never one image for another one.

The store of Docker 20.10 and containerd's behave differently; here a stand-in answers as each does.
"""

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from pipeline.docker_host.client import ApiError, Client, DockerError
from pipeline.local.docker.images import pull
from pipeline.local.docker.model import DockerImage

REFERENCE = "registry:5000/org/x@sha256:" + "1" * 64
INDEX = "application/vnd.oci.image.index.v1+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGE = "application/vnd.docker.distribution.manifest.v2+json"


ONE = "sha256:" + "2" * 64


class Store:
    """Answers the requests of a pull; ``keeps`` gives the platform that is there after one was pulled."""

    refusal = "Cannot overwrite digest sha256:1"  # 20.10.24

    def __init__(self, there: str, media_type: str, *, switches: bool) -> None:
        self.there, self.media_type, self.switches = there, media_type, switches
        self.pulls: list[str] = []
        self.kept: list[str] = []

    async def json(self, _method: str, path: str, **_: Any) -> Any:
        if path.startswith("distribution/"):
            return {"Descriptor": {"mediaType": self.media_type, "digest": REFERENCE.partition("@")[2]}}
        if not self.there:
            raise ApiError("no such image", status=404)
        system, architecture = self.there.split("/")
        return {"Id": f"sha256:{architecture}", "Os": system, "Architecture": architecture, "Config": {}}

    async def messages(self, _path: str, *, params: dict[str, str], **_: Any) -> AsyncIterator[Any]:
        self.pulls.append(params["platform"])
        if self.switches:
            if self.there:
                raise ApiError(self.refusal)
            self.there = params["platform"]
        yield {"status": "Pulling"}

    async def bytes(self, _method: str, path: str, **_: Any) -> bytes:
        self.kept.append(path)
        return b""

    async def delete(self, _path: str, **_: Any) -> None:
        self.there = ""


class Containerd(Store):
    """As Docker Engine 29.7.2: all images of an index under one name, and each under its digest if pulled."""

    def __init__(self) -> None:
        super().__init__("linux/amd64", INDEX, switches=False)
        self.names = {REFERENCE}

    async def json(self, method: str, path: str, **options: Any) -> Any:
        name = path.removeprefix("images/").removesuffix("/json")
        if name not in self.names and not path.startswith("distribution/"):
            raise ApiError("no such image", status=404)
        found = await super().json(method, path, **options)
        if name.endswith(ONE) or json.loads(options.get("params", {}).get("platform", "{}")):
            return {**found, "Id": ONE, "Architecture": "arm64"}
        return found

    async def messages(self, path: str, *, params: dict[str, str], **_: Any) -> AsyncIterator[Any]:
        self.names.add(params["fromImage"])
        self.pulls.append(params["fromImage"])
        yield {"status": "Pulling"}


async def pulled(store: Store) -> DockerImage:
    return await pull(
        cast("Client", store), REFERENCE, platform="linux/arm64", auth=None, on_event=lambda _: None
    )


@pytest.mark.parametrize(
    "refusal", [Store.refusal, "cannot overwrite digest sha256:1"], ids=["20.10", "29.7"]
)
async def test_another_platform_of_an_index_is_kept_under_our_name_and_makes_way(refusal: str) -> None:
    store = Store("linux/amd64", LIST, switches=True)
    store.refusal = refusal
    assert (await pulled(store)).platform == "linux/arm64"
    assert store.pulls == ["linux/arm64"] * 2 and any("amd64" in path for path in store.kept)


async def test_what_is_there_for_the_platform_is_not_pulled() -> None:
    store = Store("linux/arm64", LIST, switches=True)
    assert ((await pulled(store)).platform, store.pulls) == ("linux/arm64", [])


async def test_of_an_index_in_containerds_store_the_platforms_own_image_is_taken() -> None:
    store = Containerd()
    image = await pulled(store)
    assert (image.id, image.platform, image.digest) == (ONE, "linux/arm64", REFERENCE.partition("@")[2])
    assert store.pulls == [f"registry:5000/org/x@{ONE}"]


@pytest.mark.parametrize("media_type", [INDEX, LIST])
async def test_an_index_of_which_docker_shows_another_platform_is_refused(media_type: str) -> None:
    with pytest.raises(DockerError, match="Docker has its image for linux/amd64, not for linux/arm64"):
        await pulled(Store("linux/amd64", media_type, switches=False))


async def test_an_image_for_another_platform_that_is_no_index_is_taken() -> None:
    assert (await pulled(Store("linux/amd64", IMAGE, switches=False))).platform == "linux/amd64"
