"""Containers that go on running: started on the run's network, ready when their ports accept."""

import asyncio
import time
from collections.abc import Sequence

from pipeline.local.docker import command as commands
from pipeline.local.docker.client import ApiError
from pipeline.local.docker.command import Command
from pipeline.local.docker.events import Event
from pipeline.local.docker.execute import start as start_container
from pipeline.local.docker.execute import wait as wait_for_end
from pipeline.local.docker.model import DockerError, DockerImage, ExecFailed, Running
from pipeline.local.docker.run import Run
from pipeline.local.docker.streams import Kept, split

INTERVAL = 0.05  # seconds between two attempts to connect
LOG = 1 << 19  # half of what is kept of each stream, in bytes
LOGGED = {"Type": "json-file", "Config": {"max-size": "16m", "max-file": "2"}}


async def start(run: Run, image: DockerImage, command: Command, *, ports: Sequence[int]) -> Running:
    """A service that is ready; see `Docker.start`."""
    network = await run.network()
    began = time.monotonic()
    run.on_event(Event(kind="service", name=command.label, text="starting"))
    name = await commands.create(run, image, command, logs=LOGGED, network=network)
    try:
        running = await _started(run, name, command, network)
        await _ready(run, running, command, ports)
    except BaseException:
        run.later(run.remove(name))
        raise
    seconds = time.monotonic() - began
    run.on_event(Event(kind="service", name=command.label, text="ready", seconds=seconds))
    return running


async def _started(run: Run, name: str, command: Command, network: str) -> Running:
    if failure := await start_container(run, name):
        raise _failed(command, failure.exit_code, b"", failure.stderr)
    address = await _address(run, name, network)
    return Running(id=name, address=address, command=tuple(command.args))


async def wait(run: Run, service: Running) -> int:
    """The exit code, once it has ended."""
    return await wait_for_end(run, service.id)


async def runs(run: Run, service: Running) -> bool:
    """Whether it has not ended yet."""
    try:
        found = await run.client.json("GET", f"containers/{service.id}/json")
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return found["State"]["Running"]


async def logs(run: Run, service: Running) -> tuple[bytes, bytes]:
    """Both streams so far, the middle of a long one left out."""
    streams = {1: Kept(LOG), 2: Kept(LOG)}
    params = {"stdout": "1", "stderr": "1"}
    split(
        await run.client.bytes("GET", f"containers/{service.id}/logs", params=params),
        lambda n, b: streams[n].add(b),
    )
    return streams[1].value(), streams[2].value()


async def stop(run: Run, service: Running, *, kill: bool, grace: float) -> None:
    """Stop and remove it, also if it has ended or is gone; what is killed is removed meanwhile."""
    what, params = ("kill", {}) if kill else ("stop", {"t": str(round(grace))})
    try:
        async with run.client.open("POST", f"containers/{service.id}/{what}", params=params):
            pass
    except ApiError as error:
        if error.status not in {404, 409}:  # 409: it does not run any more
            raise
    removal = run.remove(service.id)
    if kill:
        run.later(removal)
    else:
        await removal
    run.on_event(Event(kind="service", name=" ".join(service.command), text="stopped"))


async def _ready(run: Run, service: Running, command: Command, ports: Sequence[int]) -> None:
    """Wait for the ports, unless it ends first."""
    ended = asyncio.create_task(wait(run, service))
    accepting = asyncio.create_task(_accepts(service.address, ports))
    try:
        await asyncio.wait((ended, accepting), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise await _ended(run, service, command, ended.result())
    finally:
        ended.cancel()
        accepting.cancel()


async def _ended(run: Run, service: Running, command: Command, code: int) -> ExecFailed:
    stdout, stderr = await logs(run, service)
    if (missing := commands.missing_program(stderr, code)) is not None:
        return _failed(command, 1, b"", missing)
    return _failed(command, code, stdout, stderr)


def _failed(command: Command, code: int, stdout: bytes, stderr: bytes) -> ExecFailed:
    return ExecFailed(command=command.args, exit_code=code, stdout=stdout, stderr=stderr)


async def _accepts(address: str, ports: Sequence[int]) -> None:
    for port in ports:
        while True:
            try:
                async with asyncio.timeout(1):
                    _, writer = await asyncio.open_connection(address, port)
            except (OSError, TimeoutError):
                await asyncio.sleep(INTERVAL)
            else:
                writer.close()
                break


async def _address(run: Run, name: str, network: str) -> str:
    found = await run.client.json("GET", f"containers/{name}/json")
    address = found["NetworkSettings"]["Networks"].get(network, {}).get("IPAddress", "")
    if not address and found["State"]["Running"]:
        raise DockerError(f"Docker gave the service {name} no address on network {network}")
    return address
