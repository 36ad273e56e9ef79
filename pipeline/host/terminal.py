"""The terminal that this process was started from, for a command in a container."""

import asyncio
import os
import signal
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.docker_host.client import DockerError
from pipeline.local.docker.model import Connect


@contextmanager
def terminal() -> Iterator[Connect]:
    """What connects it; its modes are put back at the end. Raises DockerError where there is none."""
    try:
        there = os.open("/dev/tty" if os.isatty(2) else "", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        # NB: the first half is what a Dagger engine says (0.21.8, dagql/idtui/frontend_plain.go)
        raise DockerError(
            "running shell without the TUI is not supported: standard error is not a terminal"
        ) from None
    modes, loop = termios.tcgetattr(there), asyncio.get_running_loop()

    def connect(
        typed: Callable[[bytes], object], resized: Callable[[int, int], object]
    ) -> Callable[[bytes], object]:
        def tell_size() -> None:
            columns, lines = os.get_terminal_size(there)
            resized(lines, columns)

        tell_size()
        loop.add_signal_handler(signal.SIGWINCH, tell_size)
        loop.add_reader(there, lambda: typed(os.read(there, 1 << 12)))
        tty.setraw(there)
        return lambda data: os.write(there, data)

    try:
        yield connect
    finally:
        loop.remove_reader(there)
        loop.remove_signal_handler(signal.SIGWINCH)
        termios.tcsetattr(there, termios.TCSADRAIN, modes)
        os.close(there)
