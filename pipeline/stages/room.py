"""Room for smoke tests: bounded by number, and by the memory that their services may take together."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from pipeline.catalog.service import Service

DEFAULT_CLAIM = 256 << 20  # bytes, of a service for which the catalog has no max_memory
_SHARE = 0.9  # of what is available now: an engine needs some itself
_UNKNOWN = 2 << 30


def claim_of(services: tuple[Service, ...]) -> int:
    """The bytes that these services may take together."""
    return sum(service.max_memory or DEFAULT_CLAIM for service in services)


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Bytes for smoke tests on this machine.

    NB: on a Dagger engine the module runs in a container of the engine's own machine, as the smoke tests do:
    /proc/meminfo is that machine's. With Docker on another machine, give --memory.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in meminfo.read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return round(int(rest.split()[0]) * 1024 * _SHARE)
    return _UNKNOWN


@dataclass(kw_only=True)
class Room:
    """At most ``places`` tests at once, and at most ``memory`` bytes; who comes first goes first.

    A test that claims more than there is runs when no other does.
    """

    places: int
    memory: int
    taken: int = 0
    inside: int = 0
    _turn: anyio.Lock = field(default_factory=anyio.Lock)
    _left: anyio.Event = field(default_factory=anyio.Event)

    def has_room(self, claim: int) -> bool:
        """Whether who claims this many bytes need not wait."""
        return not self._turn.locked() and self._fits(min(claim, self.memory))

    def _fits(self, claim: int) -> bool:
        return self.inside < self.places and self.taken + claim <= self.memory

    @asynccontextmanager
    async def enter(self, claim: int) -> AsyncIterator[None]:
        """Wait for a place and for ``claim`` bytes."""
        claim = min(claim, self.memory)
        async with self._turn:
            while not self._fits(claim):
                await self._left.wait()
            self.inside += 1
            self.taken += claim
        try:
            yield
        finally:
            self.inside -= 1
            self.taken -= claim
            self._left.set()
            self._left = anyio.Event()
