"""`pipeline run COMMAND…`: like `dagger run`, a command with a session in its environment."""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Sequence

from pipeline.errors import UsageError
from pipeline.host.session import session

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_HELP = """Run a command with DAGGER_SESSION_PORT and DAGGER_SESSION_TOKEN set, for the Dagger clients in it.

USAGE
  pipeline run COMMAND [ARGUMENT…]

Signals are passed on, and the exit code is the command's.
"""


class _Forwarding:
    """Passes signals on to a process, those that come before it is there as soon as it is."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._early: list[int] = []
        loop = asyncio.get_running_loop()
        for each in _FORWARDED:
            loop.add_signal_handler(each, self._send, each)

    def to(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        for each in self._early:
            self._send(each)

    def _send(self, signum: int) -> None:
        if self._process is None:
            self._early.append(signum)
        # NB: a terminal's Ctrl-C reaches the command by itself, and twice is not once
        elif self._process.returncode is None and not (signum == signal.SIGINT and sys.stdin.isatty()):
            self._process.send_signal(signum)


async def _run(words: Sequence[str]) -> int:
    forwarding = _Forwarding()
    # NB: the command starts while the engine is imported: until then its clients wait at the door.
    with socket.create_server(("127.0.0.1", 0)) as door:
        process, token = await _start(words, door.getsockname()[1])
        forwarding.to(process)
        try:
            async with session(door=door, token=token):
                code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return code if code >= 0 else 128 - code


async def _start(words: Sequence[str], port: int) -> tuple[asyncio.subprocess.Process, str]:
    """The command, and the token that it was given."""
    token = secrets.token_hex(32)
    environment = os.environ | {"DAGGER_SESSION_PORT": str(port), "DAGGER_SESSION_TOKEN": token}
    try:
        return await asyncio.create_subprocess_exec(*words, env=environment), token
    except FileNotFoundError:
        raise UsageError("no such command", where=words[0]) from None
    except PermissionError:
        raise UsageError("cannot be executed", where=words[0]) from None


def run(words: Sequence[str]) -> int:
    """Run a command in a session; returns its exit code, 128 + n when signal n ended it.

    Raises
    ------
    UsageError
        There is no such command.
    EngineError
        The local engine could not start.
    """
    words = list(words)
    if words[:1] == ["--"]:
        words = words[1:]
    elif words[:1] in (["--help"], ["-h"]):
        sys.stdout.write(_HELP)
        return 0
    if not words:
        raise UsageError("no command given", next_step="pipeline run COMMAND [ARGUMENT…]")
    return asyncio.run(_run(words))
