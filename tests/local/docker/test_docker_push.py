"""What the stores of Docker Engine say about a push, as recorded from each, and the digest taken of it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.docker_host.client import Client, DockerError
from pipeline.local.docker.images import push
from pipeline.local.docker.model import DockerImage, Event

DIGEST = "sha256:f570bfc2829d48e1fa07ba4e7eed26ffa8a18608071ee2549d5fcdfd69126dc6"
IMAGE = DockerImage(id="sha256:1", config={}, layers=(), platform="linux/amd64")
REFERS = {"status": "The push refers to repository [127.0.0.1:5051/pipeline/basex]"}
NAMED = {"status": f"3: digest: {DIGEST} size: 741"}
DOCKERS = [  # 20.10.24 and 29.7.2, overlay2
    REFERS,
    {"status": "Preparing", "progressDetail": {}, "id": "bb0a417d662b"},
    {"status": "Layer already exists", "progressDetail": {}, "id": "bb0a417d662b"},
    NAMED,
    {"progressDetail": {}, "aux": {"Tag": "3", "Digest": DIGEST, "Size": 741}},
]
CONTAINERDS = [  # 29.7.2
    REFERS,
    {"status": "Mounted from pipeline/base", "progressDetail": {}, "id": "755089c9ce47"},
    NAMED,
]


class Store:
    """An Engine that has the image under the name already."""

    def __init__(self, messages: Sequence[dict[str, Any]]) -> None:
        self._messages = messages

    async def json(self, *_: Any, **__: Any) -> Any:
        return {"Id": IMAGE.id, "Os": "linux", "Architecture": "amd64", "Config": {}}

    async def messages(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        for message in self._messages:
            yield message


async def pushed(messages: Sequence[dict[str, Any]], events: list[Event]) -> str:
    client, reference = cast("Client", Store(messages)), "127.0.0.1:5051/pipeline/basex:3"
    return await push(client, IMAGE, reference, auth=None, on_event=events.append, folder=Path("/nowhere"))


@pytest.mark.parametrize("messages", [DOCKERS, CONTAINERDS], ids=["Docker's store", "containerd's store"])
async def test_the_digest_is_taken_of_what_each_store_says(messages: list[dict[str, Any]]) -> None:
    events: list[Event] = []
    assert await pushed(messages, events) == DIGEST
    assert [event.text for event in events] == [IMAGE.id, REFERS["status"], NAMED["status"]]


async def test_a_push_that_ends_without_a_digest_has_failed() -> None:
    with pytest.raises(DockerError, match="without naming a digest"):
        await pushed(DOCKERS[:3], [])
