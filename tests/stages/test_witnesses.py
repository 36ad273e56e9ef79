"""When the witnesses of a run are stopped."""

import anyio
import pytest

from pipeline.catalog.references import Names
from pipeline.stages.access import Access
from pipeline.stages.smoke.witness import Witnesses

ACCESS = Access(names=Names(registry="localhost:5000", organisation="org", namespace="ns"))


@pytest.mark.parametrize(
    ("users", "leaving", "closes"),
    [
        pytest.param(set(), [], True, id="nobody-ever-needs-one"),
        pytest.param({"a", "b"}, ["a"], False, id="one-may-still-ask"),
        pytest.param({"a", "b"}, ["a", "a"], False, id="one-leaves-twice"),
        pytest.param({"a", "b"}, ["a", "b"], True, id="all-have-left"),
    ],
)
async def test_they_are_stopped_when_the_last_unit_needs_none(
    users: set[str], leaving: list[str], closes: bool
) -> None:
    witnesses = Witnesses(access=ACCESS, users=users)
    closed = False

    async def wait() -> None:
        nonlocal closed
        await witnesses.close_when_left()
        closed = True

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        for name in leaving:
            witnesses.leave(name)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert closed == closes


async def test_one_that_asks_again_keeps_them() -> None:
    """A unit that adopts another run's candidate tests that one, too."""
    witnesses = Witnesses(access=ACCESS, users={"a", "b"})
    closed = anyio.Event()

    async def wait() -> None:
        await witnesses.close_when_left()
        closed.set()

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        witnesses.leave("a")
        witnesses.leave("b")
        witnesses.join("a")  # before whoever closes them has noticed
        await anyio.wait_all_tasks_blocked()
        assert not closed.is_set()
        witnesses.leave("a")
        await closed.wait()


def test_no_run_has_the_witness_of_another() -> None:
    assert Witnesses(access=ACCESS).run != Witnesses(access=ACCESS).run
