"""Several questions at once, answered in order; the first failure is raised as it is, not in a group."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

AT_ONCE = 16

Item = TypeVar("Item")
Answer = TypeVar("Answer")


async def together(items: Iterable[Item], ask: Callable[[Item], Awaitable[Answer]]) -> list[Answer]:
    """``[await ask(item) for item in items]``, up to 16 at a time."""
    questions = list(items)
    answers: dict[int, Answer] = {}
    places = anyio.CapacityLimiter(AT_ONCE)

    async def one(number: int, item: Item) -> None:
        async with places:
            answers[number] = await ask(item)

    try:
        async with anyio.create_task_group() as group:
            for number, item in enumerate(questions):
                group.start_soon(one, number, item)
    except BaseExceptionGroup as failures:
        raise first_of(failures) from None
    return [answers[number] for number in range(len(questions))]


def first_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure in a group of groups."""
    first = failures.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
