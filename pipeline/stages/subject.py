"""What an image says about how it is run."""

import shlex
from dataclasses import dataclass

import anyio
import dagger


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An image under test. ``healthcheck`` is its own HEALTHCHECK as one shell command, or empty."""

    container: dagger.Container
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    healthcheck: str


async def inspect(container: dagger.Container) -> Subject:
    """Evaluate the image and read its configuration."""
    container = await container.sync()
    entrypoint: list[str] = []
    command: list[str] = []
    healthcheck: list[str] = []

    async def read_entrypoint() -> None:
        entrypoint.extend(await container.entrypoint())

    async def read_command() -> None:
        command.extend(await container.default_args())

    async def read_healthcheck() -> None:
        healthcheck.append(await _healthcheck(container))

    async with anyio.create_task_group() as group:
        for read in (read_entrypoint, read_command, read_healthcheck):
            group.start_soon(read)
    return Subject(
        container=container,
        entrypoint=tuple(entrypoint),
        command=tuple(command),
        healthcheck=healthcheck[0],
    )


async def _healthcheck(container: dagger.Container) -> str:
    config = container.docker_healthcheck()
    try:
        arguments = await config.args()
        in_shell = await config.shell()
    except dagger.InvalidQueryError:  # what the client raises for an image without one
        return ""
    if not arguments or arguments == ["NONE"]:
        return ""
    return arguments[0] if in_shell else shlex.join(arguments)
