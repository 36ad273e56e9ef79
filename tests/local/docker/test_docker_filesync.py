"""The sender's half of fsutil's protocol, spoken with a receiver that asks when and as it likes."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from grpclib.exceptions import GRPCError
from multidict import MultiDict

from pipeline.local.blobs import Blobs
from pipeline.local.docker.filesync import diff_copy
from pipeline.local.docker.messages import buildkit
from pipeline.local.tree import Entry, Kind, Tree

STAT, REQUEST, DATA, FIN, ERROR = range(5)
BIG = b"x" * 100_000
Packet = buildkit.Packet


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path)


@pytest.fixture
def tree(blobs: Blobs) -> Tree:
    empty, big, small = (blobs.add_bytes(data) for data in (b"", BIG, b"c"))
    return Tree(
        {
            "z": Entry(Kind.FILE, 0o644, content=small, size=1),
            "a": Entry(Kind.DIRECTORY, 0o750, uid=1, gid=2),
            "a-b": Entry(Kind.FILE, 0o600, content=big, size=len(BIG)),
            "a/empty": Entry(Kind.FILE, 0o644, content=empty),
            "a/link": Entry(Kind.SYMLINK, 0o777, content="../z"),
            "a.b": Entry(Kind.FILE, 0o4755, content=small, size=1),
        }
    )


class Receiver:
    """Asks for every file as soon as it knows of it, in any order, and ends when it has them all."""

    def __init__(self, metadata: Mapping[str, list[str]], *, seed: int = 0) -> None:
        self.metadata = MultiDict((key, value) for key, values in metadata.items() for value in values)
        self.stats: list = []
        self.got: dict[int, bytes] = {}
        self.fin = False
        self._open: set[int] = set()
        self._listed = False
        self._random = random.Random(seed)
        self._to_send: asyncio.Queue[Packet] = asyncio.Queue()

    def __aiter__(self) -> "Receiver":
        return self

    async def __anext__(self) -> Packet:
        return await self._to_send.get()

    async def send_message(self, packet: Packet) -> None:
        await asyncio.sleep(0 if self._random.random() < 0.5 else 0.001)
        if packet.type == FIN:
            self.fin = True
        elif packet.type == DATA:
            assert packet.ID in self._open, "data that nobody asked for, or after its end"
            self.got[packet.ID] = self.got.get(packet.ID, b"") + packet.data
            if not packet.data:
                self._open.remove(packet.ID)
        elif packet.HasField("stat"):
            self._take(packet.stat)
        else:
            assert not self._listed, "the list ends once"
            self._listed = True
        if self._listed and not self._open and not self.fin:
            self._to_send.put_nowait(Packet(type=FIN))

    def _take(self, stat) -> None:
        assert not self._listed, "a stat after the end of the list"
        self.stats.append(stat)
        if stat.mode < 1 << 24:  # a regular file
            position = len(self.stats) - 1
            self._open.add(position)
            self._to_send.put_nowait(Packet(type=REQUEST, ID=position))


def names(receiver: Receiver) -> list[str]:
    return [stat.path for stat in receiver.stats]


@pytest.mark.parametrize("seed", range(5))
async def test_stats_in_order_and_every_content_in_full(tree: Tree, blobs: Blobs, seed: int) -> None:
    receiver = Receiver({"dir-name": ["context"]}, seed=seed)
    async with asyncio.timeout(120):
        await diff_copy(receiver, {"context": tree}, blobs)  # type: ignore[arg-type]
    # NB: fsutil compares path by path part: "a/…" comes before "a-b" and "a.b"
    assert names(receiver) == ["a", "a/empty", "a/link", "a-b", "a.b", "z"]
    assert receiver.got == {1: b"", 3: BIG, 4: b"c", 5: b"c"}
    assert receiver.fin


async def test_what_a_stat_says(tree: Tree, blobs: Blobs) -> None:
    receiver = Receiver({"dir-name": ["context"]})
    await diff_copy(receiver, {"context": tree}, blobs)  # type: ignore[arg-type]
    folder, _, link, _, special, _ = receiver.stats
    assert (folder.mode, folder.uid, folder.gid) == (1 << 31 | 0o750, 1, 2)
    assert (link.mode, link.linkname, link.size) == (1 << 27 | 0o777, "../z", 0)
    assert (special.mode, special.size) == (1 << 23 | 0o755, 1)
    assert {stat.modTime for stat in receiver.stats} == {946_684_800 * 10**9}


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
async def test_only_what_was_asked_for(
    tree: Tree, blobs: Blobs, metadata: dict[str, list[str]], expected: list[str]
) -> None:
    receiver = Receiver({"dir-name": ["context"], **metadata})
    await diff_copy(receiver, {"context": tree}, blobs)  # type: ignore[arg-type]
    assert names(receiver) == expected


async def test_a_directory_that_was_not_offered_is_refused(tree: Tree, blobs: Blobs) -> None:
    with pytest.raises(GRPCError, match="no access allowed"):
        await diff_copy(Receiver({"dir-name": ["home"]}), {"context": tree}, blobs)  # type: ignore[arg-type]


async def test_a_content_that_cannot_be_read_is_raised_and_not_waited_for(tree: Tree, blobs: Blobs) -> None:
    blobs.path(tree.entries["z"].content).unlink()
    async with asyncio.timeout(120):
        with pytest.raises(GRPCError, match="No such file"):
            await diff_copy(Receiver({"dir-name": ["c"]}), {"c": tree}, blobs)  # type: ignore[arg-type]


async def test_what_goes_wrong_on_the_other_side_ends_it(tree: Tree, blobs: Blobs) -> None:
    receiver = Receiver({"dir-name": ["c"]})
    receiver._to_send.put_nowait(Packet(type=ERROR, data=b"disk full"))
    async with asyncio.timeout(120):
        with pytest.raises(GRPCError, match="disk full"):
            await diff_copy(receiver, {"c": tree}, blobs)  # type: ignore[arg-type]
