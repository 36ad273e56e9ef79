"""Smoke-tests one service of an image: the probe runs it in a container of the image, as it would be run."""

import hashlib
import secrets
import time
from dataclasses import dataclass

import anyio
import dagger

from pipeline.catalog.model import Service
from pipeline.planning.units import Unit
from pipeline.reporting.model import Failure, ServiceRun, Verdict
from pipeline.stages.failures import Scene, block, from_error
from pipeline.stages.subject import Subject
from pipeline.stages.verdict import PROBE, Report, last_lines, read_report

PROBE_PATH = "/.pipeline-probe.sh"
DEFAULT_ALIVE = 3.0  # seconds that a service without any health check must stay up
STOP_TIME = 10.0  # Docker's own, https://docs.docker.com/reference/cli/docker/container/stop/
MARGIN = 60.0  # for starting the container on a busy machine; the probe keeps its own deadline


@dataclass(frozen=True, kw_only=True)
class Smoked:
    """One smoke test: its place in the run model, and its failure block if it failed."""

    run: ServiceRun
    failure: Failure | None = None


async def smoke(subject: Subject, service: Service, *, unit: Unit, scene: Scene, fresh: str = "") -> Smoked:
    """Run one smoke test to its verdict; never raises for what the service or the engine does.

    ``fresh`` is any text: another text makes the engine run the test again. What an engine remembers from an
    earlier run is good enough where it passed; a failure that is only remembered is tried again.
    """
    began = time.monotonic()
    smoked = await _smoke_once(subject, service, unit=unit, scene=scene, fresh=fresh)
    remembered = time.monotonic() - began < smoked.run.seconds
    if smoked.failure and remembered:
        return await _smoke_once(subject, service, unit=unit, scene=scene, fresh=secrets.token_hex(4))
    return smoked


async def _smoke_once(subject: Subject, service: Service, *, unit: Unit, scene: Scene, fresh: str) -> Smoked:
    if service.gpu:
        return Smoked(run=ServiceRun(name=service.name, verdict=Verdict.SKIPPED, log=("needs a GPU",)))
    mark = hashlib.sha256(f"{unit.name}/{service.name}/{fresh}".encode()).hexdigest()[:16]
    command = [] if unit.kind == "family" else [*subject.entrypoint, *(service.command or subject.command)]
    if unit.kind == "image" and not command:
        return _red(
            scene,
            service,
            block(scene, "the image has neither ENTRYPOINT nor CMD, nor has the catalog a command"),
        )
    arguments = probe_arguments(service, unit, subject.healthcheck, mark=mark)
    container = _prepare(subject.container, service).with_exec(
        ["sh", PROBE_PATH, *arguments, "--", *command], expect=dagger.ReturnType.ANY
    )
    limit = _deadline(service) + (service.alive_for or DEFAULT_ALIVE) + STOP_TIME + MARGIN
    try:
        with anyio.fail_after(limit):
            stdout = await container.stdout()
            report = read_report(stdout, mark)
            if report is None:
                return _red(scene, service, await _unreported(scene, container, stdout, command))
    except TimeoutError:
        what = f"the probe gave no verdict within {limit:.0f} s and was given up"
        return _red(scene, service, block(scene, what, command=command, seconds=limit))
    except dagger.QueryError as error:
        return _red(scene, service, from_error(scene, error))
    return _judged(scene, service, report, command)


def probe_arguments(service: Service, unit: Unit, healthcheck: str, *, mark: str) -> list[str]:
    """The probe's flags; times are hundredths of a second."""
    flags = ["--mark", mark]
    for name in unit.libraries:
        flags += ["--library", name]
    for name in unit.programs:
        flags += ["--program", name]
    if unit.kind == "family":
        return flags
    health = service.health
    if health:
        flags += ["--interval", _hundredths(health.interval), "--deadline", _hundredths(_deadline(service))]
        if health.port:
            flags += ["--port", str(health.port), "--path", health.path]
        if health.script:
            flags += ["--script", health.script]
    if healthcheck:
        flags += ["--healthcheck", healthcheck]
    for port in service.inner_ports:
        flags += ["--bound", str(port)]
    alive = service.alive_for if service.alive_for is not None or health or healthcheck else DEFAULT_ALIVE
    if alive:
        flags += ["--alive", _hundredths(alive)]
    return [*flags, "--stop", _hundredths(STOP_TIME)]


def _deadline(service: Service) -> float:
    return max(service.health.deadline, service.health.start_period) if service.health else 60.0


def _hundredths(seconds: float) -> str:
    return str(max(1, round(seconds * 100)))


def _prepare(container: dagger.Container, service: Service) -> dagger.Container:
    """The container with the service's environment and the probe: both are gone from what is published."""
    environment = dict(service.environment)
    if service.health and service.health.port:
        environment["HEALTH_PORT"] = str(service.health.port)
    for name, value in sorted(environment.items()):
        container = container.with_env_variable(name, value)
    return container.with_new_file(PROBE_PATH, PROBE.read_text(), permissions=0o755)


async def _unreported(scene: Scene, container: dagger.Container, stdout: str, command: list[str]) -> Failure:
    """The block for a container in which the probe did not get to its verdict."""
    stderr, code = await container.stderr(), await container.exit_code()
    return block(
        scene,
        f"the probe ended with {code} without a verdict",
        command=command,
        log=last_lines("\n".join(filter(None, [stdout.strip(), stderr]))),
    )


def _judged(scene: Scene, service: Service, report: Report, command: list[str]) -> Smoked:
    run = ServiceRun(
        name=service.name,
        verdict=report.verdict,
        seconds=report.seconds,
        checks=report.checks,
        log=report.log,
    )
    if report.verdict is Verdict.PASSED:
        return Smoked(run=run)
    failure = block(
        scene,
        report.what,
        command=command,
        exit_code=report.exit_code,
        seconds=report.seconds,
        log=report.log,
    )
    return Smoked(run=run, failure=failure)


def _red(scene: Scene, service: Service, failure: Failure) -> Smoked:
    run = ServiceRun(name=service.name, verdict=Verdict.FAILED, seconds=failure.seconds, log=failure.log)
    return Smoked(run=run, failure=failure)
