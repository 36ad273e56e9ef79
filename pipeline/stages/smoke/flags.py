"""From the catalog's words to the probe's flags; times there are hundredths of a second."""

import shlex
from collections.abc import Iterable

from pipeline.catalog.service import Health, Service
from pipeline.planning.units import Promises, Unit
from pipeline.stages.smoke.subject import Healthcheck

DEFAULT_ALIVE = 3.0  # seconds that a service without any health check must stay up
_DEFAULT_DEADLINE = 60.0


def deadline_of(service: Service) -> float:
    """Seconds after which a service that is not ready is red."""
    health = service.health
    return max(health.deadline, health.start_period) if health else _DEFAULT_DEADLINE


def alive_of(service: Service, healthcheck: Healthcheck | None) -> float:
    """Seconds that it must stay up once it is ready."""
    if service.alive_for is not None:
        return service.alive_for
    return 0.0 if service.health or healthcheck else DEFAULT_ALIVE


def contents_flags(promises: Promises, *, kernel: bool = False) -> list[str]:
    """What the image promises to have."""
    flags = [
        *_each("--library", promises.libraries),
        *_each("--linked", promises.linked),
        *_each("--program", promises.programs),
        *_each("--import", promises.imports),
    ]
    flags += ["--cuda", promises.cuda] if promises.cuda else []
    return [*flags, "--kernel"] if kernel else flags


def readiness_flags(service: Service) -> list[str]:
    """How the service says that it is ready, and how long that may take."""
    deadline = ["--deadline", hundredths(deadline_of(service))]
    health = service.health
    if health is None:
        return deadline
    return [*_ways(health), "--interval", hundredths(health.interval), *deadline]


def _ways(health: Health) -> list[str]:
    if health.probe == "exec":
        return ["--script", health.script]
    if health.probe == "logLine":
        return ["--said", health.log]
    if health.probe == "tcpSocket":
        return ["--tcp", str(health.port)]
    flags = ["--http", str(health.port), "--path", health.path]
    flags += ["--status", str(health.status)] if health.status else []
    flags += _each("--field", (f"{place}={value}" for place, value in health.answer.items()))
    return [*flags, "--any-path"] if health.any_path else flags


def service_flags(service: Service, unit: Unit, healthcheck: Healthcheck | None) -> list[str]:
    """Everything that is asked of a service in a container of its own."""
    alive = alive_of(service, healthcheck)
    flags = [*readiness_flags(service), *_each("--bound", map(str, service.inner_ports))]
    flags += healthcheck_flags(healthcheck, unit.promises.shell) if healthcheck else []
    flags += ["--alive", hundredths(alive)] if alive else []
    flags += ["--max-ready", hundredths(service.max_ready)] if service.max_ready else []
    flags += ["--max-memory", str(service.max_memory)] if service.max_memory else []
    return [*flags, *ending_flags(service, unit.promises)]


def ending_flags(service: Service, promises: Promises) -> list[str]:
    """How it ends, and as whom it may run."""
    flags = ["--signal", promises.stop_signal] if promises.stop_signal else []
    flags += ["--root-may"] if promises.root_may else []
    return [*flags, "--stop", hundredths(service.stop_time)]


def healthcheck_flags(healthcheck: Healthcheck, shell: str = "") -> list[str]:
    """The image's own HEALTHCHECK with its times; its shell form runs in ``shell``, or sh."""
    command = healthcheck.command
    if shell and healthcheck.in_shell:
        command = f"{shell} {shlex.quote(command)}"
    return [
        *("--healthcheck", command),
        *("--hc-interval", hundredths(healthcheck.interval)),
        *("--hc-timeout", hundredths(healthcheck.timeout)),
        *("--hc-start", str(round(healthcheck.start_period * 100))),
        *("--hc-retries", str(healthcheck.retries)),
    ]


def hundredths(seconds: float) -> str:
    """At least one."""
    return str(max(1, round(seconds * 100)))


def _each(flag: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
