"""A container's HEALTHCHECK; durations are nanoseconds in Docker and text such as 1m30s in the API."""

from dataclasses import dataclass
from typing import Any

from pipeline.durations import UNITS, nanoseconds
from pipeline.local.engine.container import Container
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.operations import serves

_TIMES = ("interval", "timeout", "start_period", "start_interval")
TIMES = {name: name.title().replace("_", "") for name in _TIMES}  # as Docker writes them


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """As Docker keeps it: ``test`` begins with CMD or CMD-SHELL."""

    args: list[str]
    shell: bool
    interval: str
    timeout: str
    start_period: str
    start_interval: str
    retries: int


def duration(count: int) -> str:
    """Nanoseconds as Go writes them: ``1m30s``, ``500ms``, ``0s``."""
    if count == 0:
        return "0s"
    if count < UNITS["s"]:
        unit = next(unit for unit in ("ms", "us", "ns") if count >= UNITS[unit])
        return f"{count / UNITS[unit]:.9g}{unit.replace('u', 'µ')}"
    hours, rest = divmod(count, UNITS["h"])
    minutes, rest = divmod(rest, UNITS["m"])
    seconds = f"{rest / UNITS['s']:.9f}".rstrip("0").rstrip(".")
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{seconds}s"


@serves("Container.dockerHealthcheck")
def docker_healthcheck(container: Container) -> Healthcheck | None:
    """The health check, None if there is none or it was switched off."""
    said: dict[str, Any] = container.config.get("Healthcheck") or {}
    kind, *args = said.get("Test") or ["NONE"]
    if kind == "NONE":
        return None
    times = {name: duration(said.get(key) or 0) for name, key in TIMES.items()}
    return Healthcheck(args=args, shell=kind == "CMD-SHELL", retries=said.get("Retries") or 0, **times)


@serves("Container.withDockerHealthcheck")
def with_docker_healthcheck(
    container: Container,
    *,
    args: list[str],
    shell: bool | None = None,
    retries: int | None = None,
    **times: str | None,
) -> Container:
    """With this health check; in a shell, ``args`` are joined to one line."""
    try:
        said: dict[str, Any] = {TIMES[name]: nanoseconds(text or "0") for name, text in times.items()}
    except ValueError as error:
        raise QueryError(str(error)) from None
    said["Test"] = ["CMD-SHELL", " ".join(args)] if shell else ["CMD", *args]
    said["Retries"] = retries
    return container.configured(Healthcheck={key: value for key, value in said.items() if value})


@serves("Container.withoutDockerHealthcheck")
def without_docker_healthcheck(container: Container) -> Container:
    """Without health check, also without one of the image."""
    return container.configured(Healthcheck=None)
