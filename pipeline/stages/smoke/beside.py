"""A smoke test from beside: for an image without shell or HTTP client, or whose init must be PID 1.

The image runs as a Dagger service, exactly as it is; a container beside it on the same network asks it. The
engine tells when the service ends: it does not start then, or the command of what is bound to it is ended.
What can be told from inside alone is skipped.
"""

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import dagger
from dagger import dag

from pipeline.catalog.service import Service
from pipeline.reporting.model import Check, Verdict
from pipeline.stages.failures import without_trace
from pipeline.stages.smoke.flags import alive_of, deadline_of, hundredths, readiness_flags
from pipeline.stages.smoke.stand import (
    MARGIN,
    PROBE_PATH,
    Smoked,
    Stand,
    environment_of,
    judged,
    mark_of,
    red,
)
from pipeline.stages.smoke.verdict import Report, last_lines, read_report
from pipeline.together import together

_HOST = "subject"
_ROOT = ("", "root", "0")
_KILLED = 10.0  # seconds after which an engine kills what it stops
_SLACK = 2.0  # seconds that an engine may need to remove a container that has ended
_LEAVE = 1.0  # seconds, for what never got ready: a Dagger engine stops nothing that is still starting
# A Dagger engine's words (0.21.8, core/container_exec.go and core/service.go); without a code it was 0.
_EXITED = re.compile(r"\bservice\b.*?\bexited\b(?:.*?\bexit code: (?P<code>\d+))?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class _Test:
    stand: Stand
    service: Service
    command: Sequence[str]
    because: str
    checks: list[Check]

    def failed(
        self, what: str, *, seconds: float = 0.0, log: Sequence[str] = (), code: int | None = None
    ) -> Smoked:
        return red(
            *(self.stand, self.service, f"{what} (probed from beside: {self.because})"),
            command=self.command,
            seconds=seconds,
            log=log,
            exit_code=code,
            checks=self.checks,
        )


async def smoke_beside(stand: Stand, service: Service, command: Sequence[str], *, because: str) -> Smoked:
    """Run the service as the image says, look at it from another container, stop it."""
    said = Check(name="from beside", verdict=Verdict.PASSED, detail=because)
    test = _Test(stand=stand, service=service, command=command, because=because, checks=[said])
    if service.health and service.health.probe in ("exec", "logLine"):
        return test.failed(f"{service.health.probe} can only be asked inside the container: declare a port")
    if not service.inner_ports:
        return test.failed("it has no port: from beside, nothing can be told of it")
    try:
        test.checks.extend([await _user(stand), *_skipped(stand)])
        running = await _as_service(test)
    except dagger.QueryError as error:
        return test.failed(without_trace(str(error)))
    return await _run(test, running)


async def _run(test: _Test, running: dagger.Service) -> Smoked:
    began, when = time.monotonic(), "before it was ready"
    try:
        with anyio.fail_after(deadline_of(test.service)):
            await running.start()
        when = f"after its port {_first(test.service)} had accepted a connection"
        report = await _ask(test, running, began)
    except (dagger.QueryError, TimeoutError) as error:
        seconds = time.monotonic() - began
        await _stop(running, kill=True, within=_LEAVE)
        return _ended(test, error, when, seconds)
    if report is None or report.ready is None:
        await _stop(running, kill=True, within=_LEAVE)
    else:
        test.checks.append(await _stopped(test, running))
    if report is None:
        return test.failed("the probe gave no verdict", seconds=time.monotonic() - began)
    return _judged(test, report)


def _ended(test: _Test, error: Exception, when: str, seconds: float) -> Smoked:
    """Red, because it exited, or because the engine gave up for another reason."""
    code, log = exit_code_of(error, test.command), []
    if isinstance(error, dagger.ExecError):
        log = last_lines("\n".join(filter(None, [error.stdout, error.stderr])))
    what = without_trace(str(error)) or f"port {_first(test.service)} accepted nothing within {seconds:.1f} s"
    if code is not None:
        how = f"exited with {code}" if code <= 128 else f"was ended by signal {code - 128}"
        what = f"{how} after {seconds:.2f} s, {when}"
    return test.failed(what, seconds=seconds, log=log, code=code)


def exit_code_of(error: Exception, command: Sequence[str]) -> int | None:
    """How the service that ``command`` starts has exited, None if the error is about something else.

    NB: the probe is a command, too.
    """
    if isinstance(error, dagger.ExecError) and [*error.command] == [*command]:
        return error.exit_code
    exited = _EXITED.search(str(error))
    return int(exited["code"] or 0) if exited else None


async def _user(stand: Stand) -> Check:
    user = (await stand.subject.container.user()).partition(":")[0]
    if user in _ROOT and not stand.unit.promises.root_may:
        return Check(name="user", verdict=Verdict.FAILED, detail="runs as root")
    return Check(name="user", verdict=Verdict.PASSED, detail=f"starts as user {user or 'root'}")


def _skipped(stand: Stand) -> list[Check]:
    """What cannot be told from beside, each with its name: it must not look as if it had passed."""
    promises = stand.unit.promises
    names = [f"library {name}" for name in promises.libraries]
    names += [f"linked {path}" for path in promises.linked]
    names += [f"program {name}" for name in promises.programs]
    names += [f"import {name}" for name in promises.imports]
    names += ["cuda"] if promises.cuda else []
    names += ["healthcheck"] if stand.subject.healthcheck else []
    return [
        Check(name=name, verdict=Verdict.SKIPPED, detail="can only be told inside the container")
        for name in names
    ]


def _first(service: Service) -> int:
    health = service.health
    return health.port if health and health.port else service.inner_ports[0]


async def _as_service(test: _Test) -> dagger.Service:
    """NB: an engine waits for every exposed port and the HEALTHCHECK, up to 15 minutes: one port must do."""
    stand, service = test.stand, test.service
    container = stand.subject.container.without_docker_healthcheck()
    ports = await container.exposed_ports()
    numbers = await together(ports, lambda port: port.port())
    protocols = await together(ports, lambda port: port.protocol())
    for number, protocol in zip(numbers, protocols, strict=True):
        container = container.without_exposed_port(number, protocol=protocol)
    for name, value in environment_of(service).items():
        container = container.with_env_variable(name, value)
    if stand.fresh:
        container = container.with_label("pipeline.fresh", stand.fresh)
    if stand.gpu:
        container = container.experimental_with_all_gp_us()
    return container.with_exposed_port(_first(service)).as_service(
        args=list(test.command), no_init=not stand.unit.promises.init
    )


async def _ask(test: _Test, running: dagger.Service, began: float) -> Report | None:
    """The report of a probe in another container."""
    stand, service = test.stand, test.service
    mark = mark_of(stand, service, "beside")
    alive = alive_of(service, None)
    flags = ["--mark", mark, "--host", _HOST, *readiness_flags(service)]
    flags += [word for port in service.inner_ports for word in ("--bound", str(port))]
    flags += ["--alive", hundredths(alive)] if service.alive_for else []
    if service.health is None:
        flags += ["--tcp", str(_first(service))]
    spent = time.monotonic() - began
    flags += ["--deadline", hundredths(max(1.0, deadline_of(service) - spent))]
    platform = dagger.Platform(stand.platform)
    container = dag.container(platform=platform).from_(stand.beside)
    container = (
        container.with_mounted_file(PROBE_PATH, stand.probe)
        .with_service_binding(_HOST, running)
        .with_exec(["sh", PROBE_PATH, *flags], expect=dagger.ReturnType.ANY)
    )
    with anyio.fail_after(deadline_of(service) + alive + MARGIN):
        return read_report(await container.stdout(), mark)


async def _stopped(test: _Test, running: dagger.Service) -> Check:
    """How long it took to end. NB: engines kill after ten seconds, and do not say whether they had to."""
    began = time.monotonic()
    await _stop(running)
    seconds = time.monotonic() - began
    allowed = min(test.service.stop_time + _SLACK, _KILLED)
    return Check(
        name="stop",
        verdict=Verdict.PASSED if seconds < allowed else Verdict.FAILED,
        seconds=round(seconds, 2),
        detail=f"gone {seconds:.1f} s after it was told to stop; {allowed:g} s are allowed",
    )


async def _stop(running: dagger.Service, *, kill: bool = False, within: float = 30.0) -> None:
    with anyio.CancelScope(shield=True), anyio.move_on_after(within), contextlib.suppress(dagger.QueryError):
        await running.stop(kill=kill)  # NB: one that has ended by itself may be gone


def _judged(test: _Test, report: Report) -> Smoked:
    faults = [f"{each.name}: {each.detail}" for each in test.checks if each.verdict is Verdict.FAILED]
    if report.verdict is Verdict.FAILED:
        faults.insert(0, report.what)
    if not faults:
        return judged(test.stand, test.service, report, test.command, checks=test.checks)
    test.checks.extend(report.checks)
    return test.failed("; ".join(faults), seconds=report.seconds)
