"""How many smoke tests run at once: bounded by number and by memory."""

from pathlib import Path

import anyio
import pytest

from pipeline.catalog.service import Service
from pipeline.stages.room import DEFAULT_CLAIM, Room, available_memory, claim_of

GB = 10**9


async def most_at_once(room: Room, claims: list[int]) -> tuple[int, int]:
    """The most tests and the most bytes that were ever in the room; all of them got in."""
    inside: list[int] = []
    seen: list[tuple[int, int]] = []

    async def one(claim: int) -> None:
        async with room.enter(claim):
            inside.append(claim)
            seen.append((len(inside), sum(inside)))
            await anyio.sleep(0.01)
            inside.remove(claim)

    async with anyio.create_task_group() as group:
        for claim in claims:
            group.start_soon(one, claim)
    assert len(seen) == len(claims)
    assert (room.inside, room.taken) == (0, 0)
    return max(number for number, _ in seen), max(taken for _, taken in seen)


@pytest.mark.parametrize(
    ("places", "memory", "claims", "number", "taken"),
    [
        (8, 100 * GB, [GB] * 20, 8, 8 * GB),
        (8, 3 * GB, [GB] * 20, 3, 3 * GB),
        (8, 3 * GB, [2 * GB, 2 * GB, GB, GB], 2, 3 * GB),
        (8, GB, [5 * GB, 5 * GB], 1, 5 * GB),
        (1, 100 * GB, [GB] * 3, 1, GB),
    ],
    ids=["places", "memory", "unequal", "more than there is", "one place"],
)
async def test_what_is_in_flight_at_once(
    places: int, memory: int, claims: list[int], number: int, taken: int
) -> None:
    with anyio.fail_after(120):
        assert await most_at_once(Room(places=places, memory=memory), claims) == (number, taken)


async def test_who_is_cancelled_while_waiting_leaves_no_trace() -> None:
    room = Room(places=1, memory=GB)
    async with room.enter(GB):
        with anyio.move_on_after(0.01):
            async with room.enter(GB):
                raise AssertionError("there was no room")
    with anyio.fail_after(120):
        async with room.enter(GB):
            assert room.inside == 1
    assert (room.inside, room.taken) == (0, 0)


def test_a_claim_is_the_budget_or_a_guess() -> None:
    services = (Service(name="a", max_memory=GB), Service(name="b"))
    assert claim_of(services) == GB + DEFAULT_CLAIM


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("MemTotal:  99 kB\nMemAvailable:   1000 kB\n", 900 * 1024),
        ("MemTotal:  99 kB\n", 2 << 30),
        ("MemAvailable: many\n", 2 << 30),
    ],
    ids=["available", "not told", "nonsense"],
)
def test_the_memory_of_this_machine(text: str, bytes_: int, tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(text)
    assert available_memory(tmp_path / "meminfo") == bytes_


def test_a_machine_without_meminfo(tmp_path: Path) -> None:
    assert available_memory(tmp_path / "none") == 2 << 30
