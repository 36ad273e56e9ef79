"""Service: a container that runs beside others, until it is stopped or the session ends."""

import asyncio
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pipeline.docker_host.client import DockerError
from pipeline.local.docker import execute, services
from pipeline.local.docker.model import ExecFailed, Running
from pipeline.local.engine.container import Container, Service
from pipeline.local.engine.container_config import exposed_ports
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.operations import serves
from pipeline.local.engine.running import command_line, prepared
from pipeline.local.engine.states import Port

Result = TypeVar("Result")


def _key() -> str:
    return f"service-{secrets.token_hex(8)}"


@serves("Container.asService")
async def as_service(
    container: Container,
    *,
    args: list[str],
    use_entrypoint: bool,
    insecure_root_capabilities: bool,
    no_init: bool,
) -> Service:
    """What would run; async so that equal services get one key."""
    line, key = command_line(container, args, use_entrypoint=use_entrypoint), _key()
    return Service(
        container=container,
        args=tuple(line),
        key=key,
        hostname=key,
        insecure=insecure_root_capabilities,
        init=not no_init,
    )


@serves("Service.withHostname")
async def with_hostname(service: Service, *, hostname: str) -> Service:
    """The same under another name."""
    return replace(service, hostname=hostname, key=_key())


@serves("Service.ports")
def ports(service: Service) -> list[Port]:
    """The ports that its container exposes."""
    return exposed_ports(service.container)


@serves("Service.endpoint")
async def endpoint(service: Service, *, engine: Engine, port: int | None = None, scheme: str) -> str:
    """``host:port`` to reach it at; a running one by its address, which the host can use too."""
    exposed = [item.port for item in ports(service)]
    number = port or next(iter(exposed), None)
    if number is None:
        raise QueryError("no port exposed: give one, or use withExposedPort")
    running = engine.flights.done.get(service.key)
    host = running.address if running else service.hostname
    return f"{scheme}://{host}:{number}" if scheme else f"{host}:{number}"


async def running(engine: Engine, service: Service) -> Running:
    """The service, started if it does not run, and ready; as a Dagger engine, also again if it has ended."""
    key = service.key
    found = engine.flights.done.get(key)
    ended = found is not None and not await services.runs(await engine.docker(), found)
    if ended and engine.flights.done.get(key) is found:  # nobody else has started it meanwhile
        del engine.flights.done[key]
    return await engine.flights.once(key, lambda: _start(engine, service))


async def bound(engine: Engine, container: Container) -> dict[str, Running]:
    """The services that a container is bound to by alias, all of them running."""
    started = await asyncio.gather(*(running(engine, service) for service in container.bindings.values()))
    return dict(zip(container.bindings, started, strict=True))


async def while_bound(
    engine: Engine, running: Mapping[str, Running], work: Coroutine[Any, Any, Result]
) -> Result:
    """What comes of ``work``; it is cancelled, and an error raised, when one of the services ends before.

    So does a Dagger engine (0.21.8, core/container_exec.go), with this message; the service's exit code and
    streams are told by this one alone.
    """
    working = asyncio.ensure_future(work)
    ends = [asyncio.create_task(_end(engine, alias, service)) for alias, service in running.items()]
    try:
        await asyncio.wait({working, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise next(end.result() for end in ends if end.done())
        return working.result()
    finally:
        for task in (working, *ends):
            task.cancel()
        await asyncio.gather(working, *ends, return_exceptions=True)


async def _end(engine: Engine, alias: str, service: Running) -> ExecFailed:
    connection = await engine.docker()
    code = await execute.wait(connection, service.id)
    try:
        streams = await services.logs(connection, service)
    except DockerError:  # it was stopped by somebody, and is gone
        streams = b"", b""
    stdout, stderr = (stream.removesuffix(b"\n") for stream in streams)
    what = f"bound service {service.id} (aliased as {alias}) exited{f': exit code: {code}' if code else ''}"
    return ExecFailed(command=service.command, exit_code=code, stdout=stdout, stderr=stderr, what=what)


async def _start(engine: Engine, service: Service) -> Running:
    bindings = await bound(engine, service.container)
    image, command = await prepared(
        engine,
        service.container,
        service.args,
        bindings,
        hostname=service.hostname,
        insecure=service.insecure,
        init=service.init,
    )
    wanted = [item for item in ports(service) if not item.experimental_skip_healthcheck]
    waited_for = [item.port for item in wanted if item.protocol == "TCP"]
    return await services.start(await engine.docker(), image, command, ports=waited_for)


@serves("Service.start")
async def start(service: Service, *, engine: Engine) -> None:
    """Start it and wait until its ports accept connections."""
    await running(engine, service)


@serves("Service.stop")
async def stop(service: Service, *, engine: Engine, kill: bool) -> None:
    """Stop it; one that does not run is left alone."""
    found = engine.flights.done.pop(service.key, None)
    if found is not None:
        await services.stop(await engine.docker(), found, kill=kill)
