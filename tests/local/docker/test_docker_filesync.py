"""The sender's half of fsutil's protocol, spoken with a receiver that asks when and as it likes."""

import asyncio
import random
from collections.abc import Mapping

import pytest

from pipeline.local.docker import protobuf
from pipeline.local.docker.filesync import Source, diff_copy
from pipeline.local.docker.session import Refusal
from pipeline.local.tree import Entry, Kind, Tree

STAT, REQUEST, DATA, FIN, ERROR = range(5)
CONTENTS = {"a": b"", "b": b"x" * 100_000, "c": b"c"}
TREE = Tree(
    {
        "z": Entry(Kind.FILE, 0o644, content="c", size=1),
        "a": Entry(Kind.DIRECTORY, 0o750, uid=1, gid=2),
        "a-b": Entry(Kind.FILE, 0o600, content="b", size=100_000),
        "a/empty": Entry(Kind.FILE, 0o644, content="a"),
        "a/link": Entry(Kind.SYMLINK, 0o777, content="../z"),
        "a.b": Entry(Kind.FILE, 0o4755, content="c", size=1),
    }
)


def read(sha: str) -> list[bytes]:
    data = CONTENTS[sha]
    return [data[start : start + 30_000] for start in range(0, len(data), 30_000)]


class Receiver:
    """Asks for every file as soon as it knows of it, in any order, and ends when it has them all."""

    def __init__(self, metadata: Mapping[str, list[str]], *, seed: int = 0) -> None:
        self.metadata = metadata
        self.stats: list[dict] = []
        self.got: dict[int, bytes] = {}
        self.fin = False
        self._open: set[int] = set()
        self._listed = False
        self._random = random.Random(seed)
        self._to_send: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def receive(self) -> bytes | None:
        return await self._to_send.get()

    async def send(self, message: bytes) -> None:
        await asyncio.sleep(0 if self._random.random() < 0.5 else 0.001)
        packet = protobuf.decode(message)
        kind, position = protobuf.number(packet, 1), protobuf.number(packet, 3)
        if kind == FIN:
            self.fin = True
        elif kind == DATA:
            assert position in self._open, "data that nobody asked for, or after its end"
            data = protobuf.data(packet, 4)
            self.got[position] = self.got.get(position, b"") + data
            if not data:
                self._open.remove(position)
        elif 2 in packet:
            self._take(protobuf.decode(protobuf.data(packet, 2)))
        else:
            assert not self._listed, "the list ends once"
            self._listed = True
        if self._listed and not self._open and not self.fin:
            self._to_send.put_nowait(protobuf.encode((1, FIN)))

    def _take(self, stat: dict) -> None:
        assert not self._listed, "a stat after the end of the list"
        self.stats.append(stat)
        if protobuf.number(stat, 2) < 1 << 24:  # a regular file
            position = len(self.stats) - 1
            self._open.add(position)
            self._to_send.put_nowait(protobuf.encode((1, REQUEST), (3, position)))


def names(receiver: Receiver) -> list[str]:
    return [protobuf.text(stat, 1) for stat in receiver.stats]


@pytest.mark.parametrize("seed", range(5))
async def test_stats_in_order_and_every_content_in_full(seed: int) -> None:
    receiver = Receiver({"dir-name": ["context"]}, seed=seed)
    async with asyncio.timeout(10):
        await diff_copy(receiver, {"context": Source(TREE, read)})  # type: ignore[arg-type]
    # NB: fsutil compares path by path part: "a/…" comes before "a-b" and "a.b"
    assert names(receiver) == ["a", "a/empty", "a/link", "a-b", "a.b", "z"]
    assert receiver.got == {1: b"", 3: CONTENTS["b"], 4: b"c", 5: b"c"}
    assert receiver.fin


async def test_what_a_stat_says() -> None:
    receiver = Receiver({"dir-name": ["context"]})
    await diff_copy(receiver, {"context": Source(TREE, read)})  # type: ignore[arg-type]
    folder, _, link, _, special, _ = receiver.stats
    assert (protobuf.number(folder, 2), protobuf.number(folder, 3), protobuf.number(folder, 4)) == (
        1 << 31 | 0o750,
        1,
        2,
    )
    assert (protobuf.number(link, 2), protobuf.text(link, 7)) == (1 << 27 | 0o777, "../z")
    assert (protobuf.number(special, 2), protobuf.number(special, 5)) == (1 << 23 | 0o755, 1)
    assert {protobuf.number(stat, 6) for stat in receiver.stats} == {946_684_800 * 10**9}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"followpaths": ["a/link"]}, ["a", "a/link", "z"]),
        ({"exclude-patterns": ["a", "z"]}, ["a-b", "a.b"]),
        ({"include-patterns": ["a%2Db"], "include-patterns-encoded": ["1"]}, ["a-b"]),
        ({"include-patterns": ["nothing"]}, []),
    ],
    ids=["follow", "exclude", "encoded", "nothing"],
)
async def test_only_what_was_asked_for(metadata: dict[str, list[str]], expected: list[str]) -> None:
    receiver = Receiver({"dir-name": ["context"], **metadata})
    await diff_copy(receiver, {"context": Source(TREE, read)})  # type: ignore[arg-type]
    assert names(receiver) == expected


async def test_a_directory_that_was_not_offered_is_refused() -> None:
    with pytest.raises(Refusal, match="no access allowed"):
        await diff_copy(Receiver({"dir-name": ["home"]}), {"context": Source(TREE, read)})  # type: ignore[arg-type]


async def test_a_content_that_cannot_be_read_is_raised_and_not_waited_for() -> None:
    def broken(sha: str) -> list[bytes]:
        raise FileNotFoundError(sha)

    async with asyncio.timeout(5):
        with pytest.raises(FileNotFoundError):
            await diff_copy(Receiver({"dir-name": ["c"]}), {"c": Source(TREE, broken)})  # type: ignore[arg-type]
