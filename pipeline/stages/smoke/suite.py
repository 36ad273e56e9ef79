"""The services of one suite side by side, in one network namespace: no port is wanted twice.

One container starts them all, each as it would be run alone and under a probe of its own, which waits until
all are up. The same container is where the image is looked through, once for all its services.
"""

import shlex
from collections.abc import Sequence

import anyio
import dagger

from pipeline.catalog.service import Service
from pipeline.reporting.model import Check, ServiceRun, Verdict
from pipeline.stages.smoke.flags import contents_flags, deadline_of, ending_flags, readiness_flags
from pipeline.stages.smoke.stand import (
    CONTENTS,
    MARGIN,
    PROBE_PATH,
    Smoked,
    Stand,
    broken,
    command_of,
    environment_of,
    given_up,
    mark_of,
    prepare,
    red,
)
from pipeline.stages.smoke.verdict import Report, last_lines, read_report

_CONTENTS = "contents"


async def smoke_suite(stand: Stand, service: Service) -> Smoked:
    """The test of the image's own name."""
    members = [each for each in stand.unit.suite if not each.gpu or stand.gpu]
    marks = {each.name: mark_of(stand, service, each.name) for each in members}
    marks[_CONTENTS] = mark_of(stand, service, _CONTENTS)
    lines = [_line(stand, each, mark=marks[each.name], of=len(members)) for each in members]
    lines += [_contents_line(stand, marks[_CONTENTS])]
    limit = max(map(deadline_of, members), default=0.0) + CONTENTS
    words = ["sh", PROBE_PATH, "--mark", marks[_CONTENTS], "--side-by-side", "--", *lines]
    container = prepare(stand, service).with_exec(words, expect=dagger.ReturnType.ANY)
    try:
        with anyio.fail_after(limit + MARGIN):
            stdout = await container.stdout()
            stderr = await container.stderr()
    except TimeoutError:
        return given_up(stand, service, limit, lines)
    except dagger.QueryError as error:
        return broken(stand, service, error)
    reports = {name: read_report(stdout, mark) for name, mark in marks.items()}
    return _judged(stand, service, reports, log=last_lines(f"{stdout}\n{stderr}"))


def _line(stand: Stand, service: Service, *, mark: str, of: int) -> str:
    """What starts one service under its probe: $1 is the probe, $2 where the probes meet."""
    flags = [
        *readiness_flags(service),
        *(word for port in service.inner_ports for word in ("--bound", str(port))),
    ]
    flags += [*ending_flags(service, stand.unit.promises), "--any-path", "--hold", str(of)]
    variables = [f"{name}={value}" for name, value in environment_of(service).items()]
    start = shlex.join(["exec", *(("env", *variables) if variables else ()), "sh"])
    words = shlex.join(["--mark", mark, *flags, "--", *command_of(stand, service)])
    return f'{start} "$1" --meeting "$2" {words}'


def _contents_line(stand: Stand, mark: str) -> str:
    return f'exec sh "$1" {shlex.join(["--mark", mark, *contents_flags(stand.unit.promises)])}'


def _judged(
    stand: Stand, service: Service, reports: dict[str, Report | None], *, log: Sequence[str]
) -> Smoked:
    contents = reports.pop(_CONTENTS)
    checks = [*(contents.checks if contents else ()), *(_check(name, each) for name, each in reports.items())]
    checks += [
        Check(name=f"beside {each.name}", verdict=Verdict.SKIPPED, detail="needs a GPU")
        for each in stand.unit.suite
        if each.name not in reports
    ]
    seconds = max((each.seconds for each in [*reports.values(), contents] if each), default=0.0)
    faults = [contents.what] if contents and contents.verdict is Verdict.FAILED else []
    failed = [
        (name, each) for name, each in reports.items() if each is None or each.verdict is Verdict.FAILED
    ]
    if not faults and not failed and contents:
        run = ServiceRun(name=service.name, verdict=Verdict.PASSED, seconds=seconds, checks=tuple(checks))
        return Smoked(run=run)
    faults += [f"side by side, {name} {each.what if each else 'gave no verdict'}" for name, each in failed]
    shown = next((each.log for _, each in failed if each and each.log), log)
    return red(
        stand,
        service,
        "; ".join(faults) or "the probe gave no verdict",
        seconds=seconds,
        log=shown,
        checks=checks,
    )


def _check(name: str, report: Report | None) -> Check:
    if report is None:
        return Check(name=f"beside {name}", verdict=Verdict.FAILED, detail="its probe gave no verdict")
    return Check(name=f"beside {name}", verdict=report.verdict, seconds=report.seconds, detail=report.what)
