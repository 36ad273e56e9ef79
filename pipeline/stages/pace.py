"""Builds begin a little apart: the first is tested while the last still builds."""

import os
import time
from dataclasses import dataclass

import anyio

_BEGINNING = 0.25  # seconds of a processor until a build is in its first RUN, measured: docs/benchmarks.md


@dataclass(kw_only=True)
class Pace:
    """Turns that are ``apart`` seconds from each other, in the order in which they were asked for.

    What begins at once does the same steps at the same time: all processors start containers, then all wait
    for the last build, then all test. A turn is as long as the processors need to begin one build.
    """

    apart: float = _BEGINNING / (os.cpu_count() or 1)
    _next: float = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = time.monotonic()
        mine = max(now, self._next)
        self._next = mine + self.apart
        await anyio.sleep(mine - now)
