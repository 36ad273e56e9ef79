"""Equal work is done once, failures are not remembered, and work ends when nobody waits."""

import asyncio

import pytest

from pipeline.local.flights import Flights


class Work:
    """Counts how often it began, ended and was cancelled."""

    def __init__(self) -> None:
        self.begun = self.ended = self.cancelled = 0
        self.go = asyncio.Event()
        self.failing = False

    async def run(self) -> int:
        self.begun += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failing:
            raise ValueError("no")
        self.ended += 1
        return self.ended


async def started(*tasks: asyncio.Task) -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_ask_meanwhile_share_one_task() -> None:
    flights, work = Flights(), Work()
    tasks = [asyncio.create_task(flights.once("key", work.run)) for _ in range(5)]
    await started()
    work.go.set()
    assert await asyncio.gather(*tasks) == [1] * 5
    assert work.begun == 1


async def test_a_success_is_remembered() -> None:
    flights, work = Flights(), Work()
    work.go.set()
    assert [await flights.once("key", work.run), await flights.once("key", work.run)] == [1, 1]


async def test_another_key_is_other_work() -> None:
    flights, work = Flights(), Work()
    work.go.set()
    assert [await flights.once("a", work.run), await flights.once("b", work.run)] == [1, 2]


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered() -> None:
    flights, work = Flights(), Work()
    work.failing = True
    tasks = [asyncio.create_task(flights.once("key", work.run)) for _ in range(2)]
    await started()
    work.go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(item) for item in found] == [ValueError, ValueError]
    work.failing = False
    assert await flights.once("key", work.run) == 1
    assert work.begun == 2


async def test_one_who_gives_up_does_not_cancel_the_others() -> None:
    flights, work = Flights(), Work()
    impatient, patient = (asyncio.create_task(flights.once("key", work.run)) for _ in range(2))
    await started()
    impatient.cancel()
    await started()
    work.go.set()
    assert await patient == 1
    assert work.cancelled == 0
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_when_the_last_one_gives_up_the_work_is_cancelled() -> None:
    flights, work = Flights(), Work()
    tasks = [asyncio.create_task(flights.once("key", work.run)) for _ in range(2)]
    await started()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await started()
    assert work.cancelled == 1


async def test_who_asks_after_a_cancel_gets_new_work() -> None:
    flights, work = Flights(), Work()
    task = asyncio.create_task(flights.once("key", work.run))
    await started()
    task.cancel()
    again = asyncio.create_task(flights.once("key", work.run))
    await started()
    work.go.set()
    assert await again == 1
    assert (work.begun, work.cancelled) == (2, 1)


async def test_a_cancel_reaches_the_work_that_the_work_waits_for() -> None:
    flights, inner = Flights(), Work()
    outer = asyncio.create_task(flights.once("outer", lambda: flights.once("inner", inner.run)))
    await started()
    outer.cancel()
    await asyncio.gather(outer, return_exceptions=True)
    await started()
    assert inner.cancelled == 1


async def test_closing_cancels_what_flies_and_waits_for_its_end() -> None:
    flights, work = Flights(), Work()
    task = asyncio.create_task(flights.once("key", work.run))
    await started()
    await flights.close()
    assert work.cancelled == 1
    await asyncio.gather(task, return_exceptions=True)
