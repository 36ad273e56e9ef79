"""Where a smoke test is made, and what it comes to, from inside or from beside."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import dagger

from pipeline.catalog.service import Service
from pipeline.planning.units import Unit
from pipeline.reporting.model import Check, Failure, ServiceRun, Verdict
from pipeline.stages.failures import Scene, block, from_error
from pipeline.stages.smoke.checks import fix_of
from pipeline.stages.smoke.subject import Subject
from pipeline.stages.smoke.verdict import Report
from pipeline.stages.smoke.witness import ALIAS

PROBE_PATH = "/.pipeline-probe.sh"
MARGIN = 60.0  # for starting the container on a busy machine; the probe keeps its own deadline
CONTENTS = 600.0  # for looking through an image


@dataclass(frozen=True, kw_only=True)
class Smoked:
    """One smoke test: its place in the run model, and its failure block if it failed."""

    run: ServiceRun
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Where a smoke test is made.

    Parameters
    ----------
    probe:
        The probe as a file of the engine.
    beside:
        The image of a container beside the one under test; it is only used where the test needs one.
    platform:
        The one of the unit's platforms that is tested.
    witness:
        What tries the ports from another container; None where there is none.
    gpu:
        Whether the engine has a GPU to give.
    fresh:
        Any text: another text makes the engine run the test again.
    """

    subject: Subject
    unit: Unit
    scene: Scene
    probe: dagger.File
    beside: str = ""
    platform: str = ""
    witness: dagger.Service | None = None
    gpu: bool = False
    fresh: str = ""


def command_of(stand: Stand, service: Service) -> list[str]:
    """What is run: the entrypoint and the service's command, or the image's own; nothing in a family."""
    if stand.unit.kind == "family":
        return []
    return [*stand.subject.entrypoint, *(service.command or stand.subject.command)]


def mark_of(stand: Stand, service: Service, more: str = "") -> str:
    """What marks the report of one test: the same for the same test."""
    text = f"{stand.unit.name}/{service.name}/{more}/{stand.fresh}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def environment_of(service: Service) -> dict[str, str]:
    """The variables that a service gets from the catalog, here and in a Compose file."""
    environment = dict(service.environment)
    if service.health and service.health.port:
        environment["HEALTH_PORT"] = str(service.health.port)
    return dict(sorted(environment.items()))


def prepare(stand: Stand, service: Service) -> dagger.Container:
    """The container with the service's environment and the probe: both are gone from what is published."""
    container = stand.subject.container
    for name, value in environment_of(service).items():
        container = container.with_env_variable(name, value)
    if stand.gpu:
        container = container.experimental_with_all_gp_us()
    if stand.witness is not None:
        container = container.with_service_binding(ALIAS, stand.witness)
    return container.with_mounted_file(PROBE_PATH, stand.probe)


def judged(
    stand: Stand, service: Service, report: Report, command: Sequence[str], *, checks: Sequence[Check] = ()
) -> Smoked:
    """What a report comes to; ``checks`` are more of them, which come first."""
    run = ServiceRun(
        name=service.name,
        verdict=report.verdict,
        seconds=report.seconds,
        checks=(*checks, *report.checks),
        log=report.log,
    )
    if report.verdict is Verdict.PASSED:
        return Smoked(run=run)
    failure = block(
        stand.scene,
        report.what,
        command=command,
        exit_code=report.exit_code,
        seconds=report.seconds,
        log=report.log,
    )
    return Smoked(run=run, failure=_with_fix(failure, run.checks))


def _with_fix(failure: Failure, checks: Sequence[Check]) -> Failure:
    """The block with what to do about the first check that failed, where nothing better is known."""
    failed = next((each.name for each in checks if each.verdict is Verdict.FAILED), "")
    return failure.model_copy(update={"hint": failure.hint or fix_of(failed)})


def given_up(stand: Stand, service: Service, limit: float, command: Sequence[str]) -> Smoked:
    """The end of a test whose probe said nothing."""
    what = f"the probe gave no verdict within {limit + MARGIN:.0f} s and was given up"
    return red(stand, service, what, command=command, seconds=limit + MARGIN)


def broken(stand: Stand, service: Service, error: dagger.QueryError) -> Smoked:
    """A test that the engine could not make."""
    return Smoked(run=_red_run(service), failure=from_error(stand.scene, error))


def red(
    stand: Stand,
    service: Service,
    what: str,
    *,
    command: Sequence[str] = (),
    seconds: float = 0.0,
    log: Sequence[str] = (),
    exit_code: int | None = None,
    checks: Sequence[Check] = (),
) -> Smoked:
    """A failed test of which no probe reported."""
    failure = block(stand.scene, what, command=command, seconds=seconds, log=log, exit_code=exit_code)
    run = _red_run(service).model_copy(
        update={"seconds": failure.seconds, "log": failure.log, "checks": tuple(checks)}
    )
    return Smoked(run=run, failure=_with_fix(failure, checks))


def _red_run(service: Service) -> ServiceRun:
    return ServiceRun(name=service.name, verdict=Verdict.FAILED)
