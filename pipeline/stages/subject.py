"""What an image says about how it is run."""

import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import dagger

from pipeline.catalog.durations import parse_duration
from pipeline.stages.together import together


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """The image's own HEALTHCHECK as one shell command; times in seconds.

    The defaults are Docker's: https://docs.docker.com/reference/dockerfile/#healthcheck
    """

    command: str
    interval: float = 30.0
    timeout: float = 30.0
    start_period: float = 0.0
    retries: int = 3


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An image under test. ``healthcheck`` is None for one without."""

    container: dagger.Container
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    healthcheck: Healthcheck | None


async def inspect(container: dagger.Container) -> Subject:
    """Evaluate the image and read its configuration."""
    container = await container.sync()
    reads: list[Callable[[], Awaitable[Any]]] = [
        container.entrypoint,
        container.default_args,
        lambda: _healthcheck(container),
    ]
    entrypoint, command, healthcheck = await together(reads, lambda read: read())
    return Subject(
        container=container,
        entrypoint=tuple(entrypoint),
        command=tuple(command),
        healthcheck=healthcheck,
    )


async def _healthcheck(container: dagger.Container) -> Healthcheck | None:
    config = container.docker_healthcheck()
    try:
        arguments = await config.args()
    except dagger.InvalidQueryError:  # what the client raises for an image without one
        return None
    if not arguments or arguments == ["NONE"]:
        return None
    reads: list[Callable[[], Awaitable[Any]]] = [
        config.interval,
        config.timeout,
        config.start_period,
        config.shell,
        config.retries,
    ]
    interval, timeout, start_period, in_shell, retries = await together(reads, lambda read: read())
    return Healthcheck(
        command=arguments[0] if in_shell else shlex.join(arguments),
        interval=parse_duration(interval) or Healthcheck.interval,
        timeout=parse_duration(timeout) or Healthcheck.timeout,
        start_period=parse_duration(start_period),
        retries=retries or Healthcheck.retries,
    )
