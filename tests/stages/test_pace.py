"""Builds begin one after the other."""

import time

import anyio
import pytest

from pipeline.stages.pace import Pace


async def test_the_first_has_its_turn_at_once_and_the_second_waits():
    pace = Pace(apart=3600)
    await pace.turn()
    with anyio.move_on_after(0.05) as waited:
        await pace.turn()
    assert waited.cancelled_caught


async def test_turns_are_apart_and_in_order():
    pace, order, began = Pace(apart=0.05), list[int](), time.monotonic()
    times: list[float] = []

    async def one(number: int) -> None:
        await pace.turn()
        order.append(number)
        times.append(time.monotonic() - began)

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(one, number)
    assert order == [0, 1, 2, 3]
    assert all(taken >= 0.05 * place for place, taken in enumerate(times))


async def test_who_comes_when_all_is_quiet_need_not_wait():
    pace = Pace(apart=3600, _next=time.monotonic())
    await pace.turn()


async def test_with_nothing_between_them_all_go_at_once():
    pace = Pace(apart=0)
    for _ in range(1000):
        await pace.turn()


@pytest.mark.parametrize("turns", [0, 1, 3])
async def test_what_follows_a_build_waits_until_those_who_asked_have_begun(turns: int):
    pace, begun, at_end = Pace(apart=0.05), list[float](), list[int]()

    async def one() -> None:
        await pace.turn()
        begun.append(time.monotonic())

    async def after() -> None:
        await pace.clear()
        at_end.append(len(begun))

    async with anyio.create_task_group() as group:
        for _ in range(turns):
            group.start_soon(one)
        group.start_soon(after)
    assert at_end == [turns]


async def test_what_follows_a_build_does_not_wait_for_hundreds():
    pace = Pace(apart=3600)
    await pace.turn()
    with anyio.fail_after(60):
        await pace.clear()
