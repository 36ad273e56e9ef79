"""Runs a command on the terminal that this process was started from."""

import asyncio
import os
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pipeline.local.docker import command as commands
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import NO_LOG, start, wait
from pipeline.local.docker.model import Container, DockerError, DockerImage, Event, Exec


async def attend(docker: Docker, image: DockerImage, command: Command) -> Exec:
    """Let whoever sits there use the command until it ends. Raises DockerError where there is no terminal."""
    command = replace(command, tty=True, env={"TERM": os.environ.get("TERM", "xterm"), **command.env})
    network = await docker.network() if command.hosts else "default"
    with _terminal() as there:
        name = await commands.create(docker, image, command, logs=NO_LOG, network=network)
        docker.on_event(Event(kind="terminal", name=command.label, text="attached"))
        try:
            await _attached(docker, name, there)
            code = await wait(docker, name)
        finally:
            docker.later(docker.remove(name))
            docker.on_event(Event(kind="terminal", name=command.label, text="detached"))
    return Exec(exit_code=code, stdout=b"", stderr=b"", container=Container(id=name, image=image))


async def _attached(docker: Docker, name: str, there: int) -> None:
    loop = asyncio.get_running_loop()
    params = {"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"}

    async def resize() -> None:
        columns, lines = os.get_terminal_size(there)
        await docker.client.bytes(
            "POST", f"containers/{name}/resize", params={"h": str(lines), "w": str(columns)}
        )

    async with docker.client.hijack(f"containers/{name}/attach", upgrade="tcp", params=params) as connection:
        if missing := await start(docker, name):
            raise DockerError(missing.decode(errors="replace"))
        await resize()
        loop.add_signal_handler(signal.SIGWINCH, lambda: docker.later(resize()))
        loop.add_reader(there, lambda: connection.write(os.read(there, 1 << 12)))
        tty.setraw(there)
        try:
            while data := await connection.reader.read(1 << 16):
                os.write(there, data)
        finally:
            loop.remove_reader(there)
            loop.remove_signal_handler(signal.SIGWINCH)


@contextmanager
def _terminal() -> Iterator[int]:
    """The terminal's descriptor; its modes are put back at the end."""
    try:
        there = os.open("/dev/tty" if os.isatty(2) else "", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        # NB: the first half is what a Dagger engine says (0.21.8, dagql/idtui/frontend_plain.go)
        raise DockerError(
            "running shell without the TUI is not supported: standard error is not a terminal"
        ) from None
    modes = termios.tcgetattr(there)
    try:
        yield there
    finally:
        termios.tcsetattr(there, termios.TCSADRAIN, modes)
        os.close(there)
