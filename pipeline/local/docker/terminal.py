"""Runs a command on the terminal of whoever asked for it."""

import os
from dataclasses import replace

from pipeline.docker_host.client import DockerError
from pipeline.local.docker import command as commands
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import NO_LOG, start, wait
from pipeline.local.docker.model import Connect, Container, DockerImage, Event, Exec, Terminal


async def attend(docker: Docker, image: DockerImage, command: Command, *, terminal: Terminal) -> Exec:
    """Let whoever sits there use the command until it ends. Raises DockerError where there is no terminal."""
    command = replace(command, tty=True, env={"TERM": os.environ.get("TERM", "xterm"), **command.env})
    network = await docker.network() if command.hosts else "default"
    with terminal() as connect:
        name = await commands.create(docker, image, command, logs=NO_LOG, network=network)
        docker.on_event(Event(kind="terminal", name=command.label, text="attached"))
        try:
            await _attached(docker, name, connect)
            code = await wait(docker, name)
        finally:
            docker.later(docker.remove(name))
            docker.on_event(Event(kind="terminal", name=command.label, text="detached"))
    return Exec(exit_code=code, stdout=b"", stderr=b"", container=Container(id=name, image=image))


async def _attached(docker: Docker, name: str, connect: Connect) -> None:
    def resized(lines: int, columns: int) -> None:
        size = {"h": str(lines), "w": str(columns)}
        docker.later(docker.client.bytes("POST", f"containers/{name}/resize", params=size))

    params = {"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"}
    async with docker.client.hijack(f"containers/{name}/attach", upgrade="tcp", params=params) as connection:
        if missing := await start(docker, name):
            raise DockerError(missing.decode(errors="replace"))
        connection.deliver(connect(connection.write, resized))
        await connection.ended.wait()
