"""Runs a command in a new container: create, attach, start, read both streams, wait, remove."""

import re
import time

from pipeline.local.docker import command as commands
from pipeline.local.docker.client import ApiError
from pipeline.local.docker.command import Command
from pipeline.local.docker.events import Event
from pipeline.local.docker.model import Container, DockerError, DockerImage, Exec
from pipeline.local.docker.run import Run
from pipeline.local.docker.streams import Kept, Lines, pump

NO_LOG = {"Type": "none"}  # what is attached to needs no file
STARTED = re.compile(r'exec: "(?P<program>[^"]*)": (?:stat [^:]*: )?(?P<reason>[^:]+)(?:: unknown)?\s*$')


async def execute(run: Run, image: DockerImage, command: Command, *, keep: bool) -> Exec:
    """How the command ended; see `Docker.execute`."""
    if not command.args:
        raise DockerError("there is no command to run")
    network = await run.network() if command.hosts else "default"
    began = time.monotonic()
    run.on_event(Event(kind="exec", name=command.label))
    name = await commands.create(run, image, command, logs=NO_LOG, network=network)
    kept = False
    try:
        ended = await _attached(run, name, command)
        kept = keep
    finally:
        if not kept:
            run.later(run.remove(name))
    seconds = time.monotonic() - began
    run.on_event(Event(kind="exec", name=command.label, text=f"exit code {ended.exit_code}", seconds=seconds))
    if not keep:
        return ended
    container = Container(
        id=name,
        image=image,
        targets=tuple(mount.target for mount in command.mounts),
        workdir=command.workdir or "",
    )
    return Exec(
        exit_code=ended.exit_code,
        stdout=ended.stdout,
        stderr=ended.stderr,
        container=container,
        left_out=ended.left_out,
    )


async def _attached(run: Run, name: str, command: Command) -> Exec:
    """Start the container with its streams in hand."""
    streams = {1: Kept(), 2: Kept()}
    lines = {number: Lines(_teller(run, command, number)) for number in streams}

    def take(number: int, data: bytes) -> None:
        streams[number].add(data)
        lines[number].add(data)

    params = {"stream": "1", "stdout": "1", "stderr": "1", "stdin": "1" if command.stdin else "0"}
    async with run.client.hijack(f"containers/{name}/attach", upgrade="tcp", params=params) as connection:
        if failure := await start(run, name):
            return failure
        if command.stdin:
            connection.write(command.stdin)
            connection.write_eof()
        await pump(connection.reader, take)
    for line in lines.values():
        line.end()
    code = await wait(run, name)
    stdout, stderr = streams[1].value(), streams[2].value()
    if (missing := commands.missing_program(stderr, code)) is not None:
        return Exec(exit_code=1, stdout=b"", stderr=missing)
    return Exec(
        exit_code=code, stdout=stdout, stderr=stderr, left_out=sum(one.left_out for one in streams.values())
    )


async def start(run: Run, name: str) -> Exec | None:
    """Start a container; what its end is if the program could not even be started."""
    try:
        async with run.client.open("POST", f"containers/{name}/start") as response:
            await response.read()
    except ApiError as error:
        match = STARTED.search(error.what)
        if match is None:
            raise DockerError(_plain(error.what)) from error
        known = "executable file not found" in match["reason"]
        begin = f'exec: "{match["program"]}"' if known else f"fork/exec {match['program']}"
        return Exec(exit_code=1, stdout=b"", stderr=f"{begin}: {match['reason']}".encode())
    return None


async def wait(run: Run, name: str) -> int:
    """The exit code, once the container has ended."""
    async with run.client.open("POST", f"containers/{name}/wait") as response:
        answer = await response.json(content_type=None)
    if error := (answer.get("Error") or {}).get("Message"):
        raise DockerError(error)
    return answer["StatusCode"]


def _teller(run: Run, command: Command, number: int):
    stream = "stderr" if number == 2 else "stdout"
    return lambda text: run.on_event(Event(kind="log", name=command.label, text=text, stream=stream))


def _plain(message: str) -> str:
    """Without the runtime's chain of who told whom."""
    chain = r"OCI runtime create failed|failed to create (shim|task)[^:]*|runc create failed|\S+\.go:\d+"
    return re.sub(rf"^(({chain}): )+", "", message)
