"""A stop signal reaches the program: no shell stands before it."""

from collections.abc import Iterator

from pipeline.checks.facts.commands import Start, find_start, hides_program, shell_script
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    told: set[tuple[str, int]] = set()
    for image, subject in inspection.images:
        starts = [find_start(inspection, subject, keyword) for keyword in ("ENTRYPOINT", "CMD")]
        # NB: where every service has a command of its own, nothing runs CMD.
        is_default = any(not service.command for service in image.smoked)
        for start in starts[: 2 if is_default else 1]:
            place = (start.subject.unit.dockerfile, start.instruction.line) if start else None
            if start and place and place not in told and _is_hidden(start):
                told.add(place)
                yield _of_dockerfile(start)
        for service in image.services:
            if hides_program(shell_script(service.command)):
                yield Hit(
                    file=inspection.places.filename,
                    line=inspection.service_line(image, service),
                    subject=service.name,
                    message=f"the command of {service.name} is run by a shell that gets its signals",
                    fix="put exec before the program, or name the program without a shell",
                )


def _is_hidden(start: Start) -> bool:
    if start.is_shell_form:
        return hides_program(start.instruction.text)
    return hides_program(shell_script(start.instruction.words))


def _of_dockerfile(start: Start) -> Hit:
    return Hit(
        file=start.subject.unit.dockerfile,
        line=start.instruction.line,
        subject=start.subject.unit.name,
        message=f"{start.instruction.keyword} is run by a shell that gets the signals of its program",
    )


RULE = Rule(
    id="signal-lost",
    severity="warning",
    about="No shell stands between an image's ENTRYPOINT or CMD and its program.",
    consequence="unless the shell steps aside, SIGTERM does not reach the program: it is killed in its work",
    fix='write it as JSON (["python3", "app.py"]), or put exec before the program',
    find=_find,
)
