"""`pipeline run COMMAND…`: like `dagger run`, a command with a session in its environment."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from pipeline.errors import UsageError
from pipeline.local.session import session

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_HELP = """Run a command with DAGGER_SESSION_PORT and DAGGER_SESSION_TOKEN set, for the Dagger clients in it.

USAGE
  pipeline run COMMAND [ARGUMENT…]

Signals are passed on, and the exit code is the command's.
"""


def _forward(process: asyncio.subprocess.Process) -> None:
    loop = asyncio.get_running_loop()
    for each in _FORWARDED:
        loop.add_signal_handler(each, _send, process, each)


def _send(process: asyncio.subprocess.Process, signum: int) -> None:
    # NB: a terminal's Ctrl-C reaches the command's process group by itself; twice is not once
    if process.returncode is None and not (signum == signal.SIGINT and sys.stdin.isatty()):
        process.send_signal(signum)


async def _run(words: Sequence[str]) -> int:
    async with session() as address:
        environment = os.environ | {
            "DAGGER_SESSION_PORT": str(address.port),
            "DAGGER_SESSION_TOKEN": address.token,
        }
        try:
            process = await asyncio.create_subprocess_exec(*words, env=environment)
        except FileNotFoundError:
            raise UsageError("no such command", where=words[0]) from None
        except PermissionError:
            raise UsageError("cannot be executed", where=words[0]) from None
        _forward(process)
        code = await process.wait()
    return code if code >= 0 else 128 - code


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
