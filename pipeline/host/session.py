"""A session: an engine that answers the Dagger API on a loopback port, for as long as somebody needs it.

`pipeline call` starts it as a process of its own, so that it gets ready on one core while the client is
imported on another, and can tidy up behind a caller that was killed: it ends when its standard input does.
Address and events come as JSON lines on its standard output; the token is on no command line.
"""

import contextlib
import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import IO, Any, Protocol

from pipeline.errors import EngineError

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_OURS = Path(__file__).resolve().parents[2]

Listener = Callable[[Mapping[str, Any]], None]


class Address(Protocol):
    """Where an engine listens."""

    @property
    def port(self) -> int:
        """TCP port on 127.0.0.1."""
        ...

    @property
    def token(self) -> str:
        """What the client authenticates with."""
        ...


@dataclass(frozen=True)
class Session:
    """Where an engine listens, and the token it wants."""

    port: int
    token: str = field(repr=False)


def outer_session() -> Session | None:
    """The engine of a surrounding `dagger run` or `pipeline run`."""
    port, token = os.environ.get("DAGGER_SESSION_PORT"), os.environ.get("DAGGER_SESSION_TOKEN", "")
    return Session(int(port), token) if port and port.isdigit() else None


@contextlib.asynccontextmanager
async def session(
    *, on_event: Callable[[Any], None] | None = None, door: socket | None = None, token: str = ""
) -> AsyncIterator[Address]:
    """An engine in this process, on the Docker that `find_docker` finds; ``door`` as `serving` takes it."""
    from pipeline.host.index import put_index
    from pipeline.host.machine import find_docker
    from pipeline.host.machine.state import State, home
    from pipeline.host.terminal import terminal
    from pipeline.local.docker.model import ignore
    from pipeline.local.engine.server import serving

    host, seen = find_docker(), State(home(os.environ)).seen
    tell = on_event or ignore
    async with serving(
        docker_host=host,
        on_event=tell,
        seen=seen,
        put_index=put_index,
        terminal=terminal,
        door=door,
        token=token,
    ) as address:
        yield address


class Engine:
    """An engine in a process of its own; started at once, waited for only when its address is asked."""

    def __init__(self) -> None:
        self.listener: Listener = lambda _: None
        self._answer: Mapping[str, Any] = {}
        self._answered = threading.Event()
        path = os.pathsep.join(filter(None, [str(_OURS), os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pipeline.host.session"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )
        self._reading = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        if self._process.stdout:
            self._reading.start()

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            message = json.loads(line)
            if "event" in message:
                self.listener(message["event"])
            else:
                self._answer = message
                self._answered.set()
        self._answered.set()

    def address(self) -> Session:
        """Where it listens.

        Raises
        ------
        EngineError
            It could not start.
        """
        if not self._answered.wait(_START_SECONDS):
            raise EngineError(f"the local engine did not start within {_START_SECONDS:.0f} s")
        if "port" not in self._answer:
            raise EngineError(self._answer.get("error", "the local engine ended before it was ready"))
        return Session(self._answer["port"], self._answer["token"])

    def close(self, *, seconds: float = _STOP_SECONDS) -> None:
        """End it: it stops what runs, removes what it created, and is killed if that takes too long."""
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        seconds = max(seconds, 0.1)
        # NB: until its output ends: waiting for a process sleeps in between
        self._reading.join(seconds)
        try:
            self._process.wait(0.1 if self._reading.is_alive() else seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _send(message: Mapping[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(message, default=str) + "\n")
        sys.stdout.flush()


async def _serve() -> None:
    import asyncio
    import dataclasses
    import signal

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(
        signal.SIGINT, lambda: None
    )  # NB: a terminal sends it to the caller too, who decides
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with session(on_event=lambda event: _send({"event": dataclasses.asdict(event)})) as address:
        _send({"port": address.port, "token": address.token})
        gc.freeze()  # NB: nor has the end to look through what was imported
        gc.enable()
        await asyncio.wait(
            [asyncio.create_task(ended.wait()), asyncio.create_task(reader.read())],
            return_when=asyncio.FIRST_COMPLETED,
        )


def _main() -> int:
    import asyncio

    from pipeline.errors import PipelineError

    gc.disable()  # NB: until it serves: imports make many objects and no garbage
    try:
        asyncio.run(_serve())
    except PipelineError as error:
        _send({"error": str(error)})
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_main())
