"""Builds begin a little apart: the first is tested while the last still builds."""

import os
import time
from dataclasses import dataclass

import anyio

_BEGINNING = 0.25  # seconds of a processor until a build is in its first RUN, measured: docs/benchmarks.md
_PATIENCE = 1.0  # seconds; with hundreds of images the first are tested long before the last begins


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

    async def clear(self) -> None:
        """Wait until nobody has a turn to come, for a second at most.

        For what no build needs, only what follows one: begun beside the first builds it holds all of them up.
        """
        with anyio.move_on_after(_PATIENCE):
            while (left := self._next - time.monotonic()) > 0:  # noqa: ASYNC110 (more may have asked meanwhile)
                await anyio.sleep(left)
