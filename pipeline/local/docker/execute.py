"""Runs a command in a new container: create, attach, start, read both streams, wait."""

import asyncio
import re
import time

from pipeline.docker_host.client import LONG, ApiError, DockerError
from pipeline.local.docker import command as commands
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Container, DockerImage, Event, Exec
from pipeline.local.docker.streams import Frames, Kept, Lines

NO_LOG = {"Type": "none"}  # what is attached to needs no file
STARTED = re.compile(r'exec: "(?P<program>[^"]*)": (?:stat [^:]*: )?(?P<reason>[^:]+)(?:: unknown)?\s*$')
# The runtime's chain of who told whom.
CHAIN = re.compile(
    r"^((OCI runtime create failed|failed to create (shim|task)[^:]*|runc create failed|\S+\.go:\d+): )+"
)


async def execute(docker: Docker, image: DockerImage, command: Command) -> Exec:
    """Run a command in a new container of ``image``, never raising for an exit code.

    The image's entrypoint, VOLUMEs and health check do not count; its Env, User and WorkingDir do unless the
    command has its own. A missing program is exit 1 with ``fork/exec …`` on stderr.
    """
    network = await docker.network() if command.hosts else "default"
    began = time.monotonic()
    docker.on_event(Event(kind="exec", name=command.label))
    name = await commands.create(docker, image, command, logs=NO_LOG, network=network)
    try:
        code, stdout, stderr = await _attached(docker, name, command)
    except BaseException:
        docker.later(docker.remove(name))
        raise
    seconds = time.monotonic() - began
    docker.on_event(Event(kind="exec", name=command.label, text=f"exit code {code}", seconds=seconds))
    targets = tuple(mount.target for mount in command.mounts)
    left = Container(id=name, image=image, targets=targets, workdir=command.workdir or "")
    return Exec(exit_code=code, stdout=stdout, stderr=stderr, container=left)


async def _attached(docker: Docker, name: str, command: Command) -> tuple[int, bytes, bytes]:
    """Start the container with its streams in hand: exit code, stdout and stderr."""
    streams = {1: Kept(), 2: Kept()}
    lines = {number: Lines(_teller(docker, command, number)) for number in streams}

    def take(number: int, data: bytes) -> None:
        streams[number].add(data)
        lines[number].add(data)

    params = {"stream": "1", "stdout": "1", "stderr": "1"}
    async with docker.client.hijack(f"containers/{name}/attach", upgrade="tcp", params=params) as connection:
        connection.deliver(Frames(take).add)
        if missing := await start(docker, name):
            return 1, b"", missing
        await asyncio.gather(connection.ended.wait(), _feed(docker, name, command.stdin))
    for line in lines.values():
        line.end()
    code = await wait(docker, name)
    return commands.told(code, streams[1].value(), streams[2].value())


async def _feed(docker: Docker, name: str, stdin: bytes) -> None:
    """Send the input, on a connection of its own: where that ends the input does."""
    if stdin:
        params = {"stream": "1", "stdin": "1"}
        async with docker.client.hijack(
            f"containers/{name}/attach", upgrade="tcp", params=params
        ) as connection:
            connection.deliver(lambda _: None)
            connection.write(stdin)
            connection.end()
            await connection.ended.wait()


async def start(docker: Docker, name: str) -> bytes:
    """Start a container; what a Dagger engine says if the program could not even be started, else nothing."""
    try:
        await docker.client.bytes("POST", f"containers/{name}/start", patience=LONG)
    except ApiError as error:
        match = STARTED.search(error.what)
        if match is None:
            raise DockerError(CHAIN.sub("", error.what)) from error
        known = "executable file not found" in match["reason"]
        begin = f'exec: "{match["program"]}"' if known else f"fork/exec {match['program']}"
        return f"{begin}: {match['reason']}".encode()
    return b""


async def wait(docker: Docker, name: str) -> int:
    """The exit code, once the container has ended."""
    answer = await docker.client.json("POST", f"containers/{name}/wait", patience=LONG)
    if error := (answer.get("Error") or {}).get("Message"):
        raise DockerError(error)
    return answer["StatusCode"]


def _teller(docker: Docker, command: Command, number: int):
    stream = "stderr" if number == 2 else "stdout"
    return lambda text: docker.on_event(Event(kind="log", name=command.label, text=text, stream=stream))
