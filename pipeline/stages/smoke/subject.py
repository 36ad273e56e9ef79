"""What an image says about how it is run."""

import shlex
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import dagger
from dagger.client._core import Field

from pipeline.catalog.durations import parse_duration

_HEALTHCHECK = ("args", "shell", "interval", "timeout", "startPeriod", "retries")


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """The image's own HEALTHCHECK as one shell command; times in seconds.

    ``in_shell``: it was given in shell form, which is for the image's own SHELL.

    The defaults are Docker's: https://docs.docker.com/reference/dockerfile/#healthcheck
    """

    command: str
    in_shell: bool = False
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
    """Evaluate the image and read its configuration, in one question.

    NB: the client's public side asks for one field at a time, nine questions here, of which each costs a
    Dagger engine, its command and this process 7 ms of processor time (0.21.8), and two round trips more.
    """
    wanted = {name: Field("Container", name, {}) for name in ("sync", "entrypoint", "defaultArgs")}
    inner = {name: Field("HealthcheckConfig", name, {}) for name in _HEALTHCHECK}
    wanted["dockerHealthcheck"] = Field("Container", "dockerHealthcheck", {}, children=inner)
    asked = container._ctx
    *before, last = asked.selections
    question = replace(asked, selections=deque([*before, replace(last, children=wanted)]))
    told = await question.execute(dict[str, Any])
    return Subject(
        container=dagger.Container(question.select_id("Container", told["sync"])),
        entrypoint=tuple(told["entrypoint"]),
        command=tuple(told["defaultArgs"]),
        healthcheck=_healthcheck(told["dockerHealthcheck"]),
    )


def _healthcheck(config: Mapping[str, Any] | None) -> Healthcheck | None:
    arguments = config["args"] if config else []
    if not config or not arguments or arguments == ["NONE"]:
        return None
    return Healthcheck(
        command=arguments[0] if config["shell"] else shlex.join(arguments),
        in_shell=bool(config["shell"]),
        interval=parse_duration(config["interval"]) or Healthcheck.interval,
        timeout=parse_duration(config["timeout"]) or Healthcheck.timeout,
        start_period=parse_duration(config["startPeriod"]),
        retries=config["retries"] or Healthcheck.retries,
    )
