"""Ctrl-C and SIGTERM: cancel, tidy up within a few seconds, and end with 128 + the signal."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar

GRACE_SECONDS = 4.5
Result = TypeVar("Result")


class Interrupted(BaseException):
    """The command was told to stop."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_code = 128 + signum


class _Watch:
    def __init__(
        self, task: "asyncio.Task[Any]", stopping: Callable[[], None], last_words: Callable[[], None]
    ) -> None:
        self.signum = 0
        self._task = task
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()
        self._last_words = last_words

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        if self.signum:
            self._give_up()
        self.signum = signum
        self._stopping()
        self._loop.call_soon_threadsafe(self._task.cancel)
        # NB: a function that blocks never sees its cancellation; the process ends all the same
        timer = threading.Timer(GRACE_SECONDS, self._give_up)
        timer.daemon = True
        timer.start()

    def _give_up(self) -> None:
        self._last_words()
        os._exit(128 + self.signum)


async def interruptible(
    work: Coroutine[Any, Any, Result], *, stopping: Callable[[], None], last_words: Callable[[], None]
) -> Result:
    """Run something until it ends or the process is told to stop.

    Parameters
    ----------
    stopping:
        Called by the signal's handler, before anything is cancelled; must return at once.
    last_words:
        Called when it was stopped: says what had not finished.

    Raises
    ------
    Interrupted
        It was stopped by a signal.
    """
    task = asyncio.ensure_future(work)
    watch = _Watch(task, stopping, last_words)
    before = {each: signal.signal(each, watch) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        return await task
    except BaseException:  # whatever a cancelled function raises, the signal is why it ended
        if not watch.signum:
            raise
        last_words()
        raise Interrupted(watch.signum) from None
    finally:
        if not watch.signum:
            for each, handler in before.items():
                signal.signal(each, handler)
