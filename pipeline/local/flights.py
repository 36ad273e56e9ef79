"""Equal work is done once: one task in flight per key, successes remembered, failures never."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any


@dataclass(slots=True)
class Flight:
    """A task, and how many wait for it."""

    task: asyncio.Task[Any]
    waiters: int = 0


@dataclass
class Flights:
    """Tasks by key. When the last waiter is cancelled, so is the task."""

    done: dict[str, Any] = field(default_factory=dict)
    flying: dict[str, Flight] = field(default_factory=dict)

    def knows(self, key: str) -> bool:
        """Whether this work is done or under way."""
        return key in self.done or key in self.flying

    async def once(self, key: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """The result of ``work`` for this key: remembered, shared with who asks meanwhile, or made now."""
        if key in self.done:
            return self.done[key]
        flight = self.flying.get(key)
        if flight is None:
            flight = self.flying[key] = Flight(asyncio.ensure_future(work()))
            flight.task.add_done_callback(partial(self._land, key, flight))
        flight.waiters += 1
        try:
            # NB: without the shield one impatient waiter would cancel the work of all.
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()

    def _land(self, key: str, flight: Flight, task: asyncio.Task[Any]) -> None:
        if self._forget(key, flight) and not task.cancelled() and task.exception() is None:
            self.done[key] = task.result()

    def _forget(self, key: str, flight: Flight) -> bool:
        """Whether it flew under this key until now."""
        flew = self.flying.get(key) is flight
        if flew:
            del self.flying[key]
        return flew

    async def close(self) -> None:
        """Cancel what flies, and wait until it has ended."""
        tasks = [flight.task for flight in self.flying.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
