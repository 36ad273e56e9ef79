"""Containers that go on running: ready when their ports accept, seen when they end before."""

import asyncio
import re
import socket
import time
from collections.abc import Sequence

from pipeline.docker_host.client import LONG, ApiError, DockerError
from pipeline.local.docker import command as commands
from pipeline.local.docker import execute
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import DockerImage, Event, ExecFailed, Running
from pipeline.local.docker.streams import Frames, Kept

INTERVAL = 0.05  # seconds between two attempts to connect
LOG = 1 << 19  # half of what is kept of each stream, in bytes
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}  # as proc_net(5) has 127.0.0.1 and ::1
LOGGED = {"Type": "json-file", "Config": {"max-size": "16m", "max-file": "2"}}


async def start(
    docker: Docker, image: DockerImage, command: Command, *, ports: Sequence[int] = ()
) -> Running:
    """Start a service on the run's network and wait until each TCP port in ``ports`` accepts connections.

    Raises ExecFailed with its own streams when it ends before. Without ports it is ready once started. The
    command is the whole line: an entrypoint of the image does not count.
    """
    network = await docker.network()
    began = time.monotonic()
    docker.on_event(Event(kind="service", name=command.label, text="starting"))
    name = await commands.create(docker, image, command, logs=LOGGED, network=network)
    try:
        running = await _started(docker, name, command, network)
        await _ready(docker, running, command, ports)
    except BaseException:
        docker.later(docker.remove(name))
        raise
    seconds = time.monotonic() - began
    docker.on_event(Event(kind="service", name=command.label, text="ready", seconds=seconds))
    return running


async def _started(docker: Docker, name: str, command: Command, network: str) -> Running:
    if missing := await execute.start(docker, name):
        raise _failed(command, 1, b"", missing)
    found = await docker.client.json("GET", f"containers/{name}/json")
    standing = found["NetworkSettings"]["Networks"].get(network, {})
    address = standing.get("IPAddress", "")
    if not address and found["State"]["Running"]:
        raise DockerError(f"Docker gave the service {name} no address on network {network}")
    is_near = docker.client.is_beside and is_mine(standing.get("Gateway", ""))
    return Running(id=name, address=address, command=tuple(command.args), is_near=is_near)


def is_mine(address: str) -> bool:
    """Whether this machine has an address: that of a bridge, if the bridge is here."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return bool(address)


async def runs(docker: Docker, service: Running) -> bool:
    """Whether the service has not ended yet."""
    try:
        found = await docker.client.json("GET", f"containers/{service.id}/json")
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return found["State"]["Running"]


async def logs(docker: Docker, service: Running) -> tuple[bytes, bytes]:
    """stdout and stderr so far, each at most the last 1 MiB."""
    streams = {1: Kept(LOG), 2: Kept(LOG)}
    params = {"stdout": "1", "stderr": "1"}
    raw = await docker.client.bytes("GET", f"containers/{service.id}/logs", params=params)
    Frames(lambda number, data: streams[number].add(data)).add(raw)
    return streams[1].value(), streams[2].value()


async def stop(docker: Docker, service: Running, *, kill: bool = False, grace: float = 10.0) -> None:
    """Stop it (SIGTERM, after ``grace`` seconds SIGKILL) and remove it; what is killed goes meanwhile."""
    what, params = ("kill", {}) if kill else ("stop", {"t": str(round(grace))})
    try:
        await docker.client.bytes("POST", f"containers/{service.id}/{what}", params=params, patience=LONG)
    except ApiError as error:
        if error.status not in {404, 409}:  # 409: it does not run any more
            raise
    removal = docker.remove(service.id)
    if kill:
        docker.later(removal)
    else:
        await removal
    docker.on_event(Event(kind="service", name=" ".join(service.command), text="stopped"))


async def _ready(docker: Docker, service: Running, command: Command, ports: Sequence[int]) -> None:
    """Wait for the ports, unless it ends first."""
    ended = asyncio.create_task(execute.wait(docker, service.id))
    accepting = asyncio.create_task(
        _accepts(service.address, ports) if service.is_near else _listens(docker, service, ports)
    )
    try:
        await asyncio.wait((ended, accepting), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise _failed(command, *commands.told(ended.result(), *await logs(docker, service)))
    finally:
        ended.cancel()
        accepting.cancel()


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


async def _listens(docker: Docker, service: Running, ports: Sequence[int]) -> None:
    """NB: where this machine does not see the Engine's networks, the service itself is asked what is open."""
    for port in ports:
        while not is_open(port, await _sockets(docker, service)):  # noqa: ASYNC110
            await asyncio.sleep(INTERVAL)


async def _sockets(docker: Docker, service: Running) -> str:
    """proc_net(5) of the service; or what was said instead."""
    body = {"AttachStdout": True, "AttachStderr": True, "Cmd": ["cat", "/proc/net/tcp", "/proc/net/tcp6"]}
    try:
        made = await docker.client.json("POST", f"containers/{service.id}/exec", json=body)
        raw = await docker.client.bytes("POST", f"exec/{made['Id']}/start", json={"Detach": False})
    except ApiError as error:
        return error.what
    return raw.decode(errors="replace")


def is_open(port: int, sockets: str) -> bool:
    """Whether a port accepts from elsewhere; supposed of a service that has no cat to tell."""
    open_at = re.findall(rf"(\w+):{port:04X} \w+:0000 0A ", sockets)
    return bool({*open_at} - LOOPBACK) or "executable file not found" in sockets
