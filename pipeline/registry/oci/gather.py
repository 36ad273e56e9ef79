"""Several questions to a registry at once."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

from pipeline.errors import PipelineError

_AT_ONCE = 8

Item = TypeVar("Item")
Answer = TypeVar("Answer")


async def gather(items: Iterable[Item], ask: Callable[[Item], Awaitable[Answer]]) -> list[Answer]:
    """``[await ask(item) for item in items]``, 8 at a time; the first failure is raised as it is."""
    questions = list(items)
    answers: dict[int, Answer] = {}
    failures: list[PipelineError] = []
    places = anyio.CapacityLimiter(_AT_ONCE)

    async def one(number: int, item: Item) -> None:
        async with places:
            try:
                answers[number] = await ask(item)
            except PipelineError as failure:
                failures.append(failure)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for number, item in enumerate(questions):
            group.start_soon(one, number, item)
    if failures:
        raise failures[0]
    return [answers[number] for number in range(len(questions))]
