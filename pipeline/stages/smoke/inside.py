"""A smoke test from inside: the probe runs the service in a container of the image, as it would be run."""

from collections.abc import Sequence
from dataclasses import replace

import anyio
import dagger

from pipeline.catalog.service import Service
from pipeline.reporting.model import Verdict
from pipeline.stages.hints import is_of_another_format
from pipeline.stages.smoke.flags import alive_of, contents_flags, deadline_of, service_flags
from pipeline.stages.smoke.stand import (
    CONTENTS,
    MARGIN,
    PROBE_PATH,
    Smoked,
    Stand,
    broken,
    given_up,
    judged,
    mark_of,
    prepare,
    red,
)
from pipeline.stages.smoke.verdict import last_lines, read_report
from pipeline.stages.smoke.witness import ALIAS, PORT


async def smoke_inside(stand: Stand, service: Service, command: Sequence[str]) -> Smoked | str:
    """The verdict; or, as text, why the service can only be looked at from beside."""
    mark = mark_of(stand, service)
    flags = inside_flags(stand, service)
    limit = deadline_of(service) + alive_of(service, stand.subject.healthcheck) + service.stop_time
    limit += CONTENTS if stand.unit.promises.any_contents else 0
    container = prepare(stand, service).with_exec(
        ["sh", PROBE_PATH, "--mark", mark, *flags, "--", *command], expect=dagger.ReturnType.ANY
    )
    try:
        with anyio.fail_after(limit + MARGIN):
            stdout = await container.stdout()
            report = read_report(stdout, mark)
            if report is None:
                stderr, code = await container.stderr(), await container.exit_code()
                if stand.unit.kind == "image" and _has_no_shell(stderr):
                    return "the image has no sh"
                log = last_lines("\n".join(filter(None, [stdout.strip(), stderr])))
                what = f"the probe ended with {code} without a verdict"
                return red(stand, service, what, command=command, log=log)
    except TimeoutError:
        return given_up(stand, service, limit, command)
    except dagger.QueryError as error:
        return broken(stand, service, error)
    if report.verdict is Verdict.FAILED and report.via == "none" and report.ready is None and not report.log:
        asked = service.health is not None and service.health.probe == "httpGet"
        if asked and report.what.startswith("the image has none of"):
            return report.what.partition(":")[0]
    return judged(stand, service, report, command)


def inside_flags(stand: Stand, service: Service) -> list[str]:
    """The probe's flags for a test inside the container."""
    unit = stand.unit
    if unit.kind == "family":
        return contents_flags(unit.promises)
    # Where there is a suite, its own test looks through the image; each service needs its libraries, though.
    promises = (
        replace(unit.promises, linked=(), programs=(), imports=(), cuda="") if unit.suite else unit.promises
    )
    flags = contents_flags(promises, kernel=service.gpu and stand.gpu)
    flags += service_flags(service, unit, stand.subject.healthcheck)
    return [*flags, *witness_flags(stand, service)]


def witness_flags(stand: Stand, service: Service) -> list[str]:
    """Where the witness is; a port that nothing can answer at makes each check say that there is none."""
    if not service.inner_ports:
        return []
    return ["--witness", f"{ALIAS if stand.witness else '127.0.0.1'}:{PORT if stand.witness else 1}"]


def _has_no_shell(stderr: str) -> bool:
    """NB: one of another platform is there; beside such an image nothing could be told either."""
    if is_of_another_format(stderr):
        return False
    return stderr.startswith(('exec: "sh": executable file not found', "fork/exec sh:", "fork/exec /bin/sh:"))
