"""A health check needs a program that the image has."""

from collections.abc import Iterator, Sequence

from pipeline.checks.facts.arrivals import arrival_text, find_arrival
from pipeline.checks.facts.health import HealthCheck, find_checks
from pipeline.checks.facts.packages import PROGRAMS
from pipeline.checks.facts.scripts import find_scripts
from pipeline.checks.facts.shell import Command, program_of, read_commands
from pipeline.checks.facts.steps import Step, find_steps
from pipeline.checks.facts.stock import find_stock
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule

_SHELL_SCRIPT = (".sh", ".bash")


def _find(inspection: Inspection) -> Iterator[Hit]:
    seen: set[tuple[str, int, str]] = set()
    for image, subject in inspection.images:
        for check in find_checks(inspection, image, subject):
            for program in _needed(check, find_steps(inspection, subject)):
                hit = _hit(inspection, subject, check, program)
                if hit is not None and (hit.file, hit.line, hit.message) not in seen:
                    seen.add((hit.file, hit.line, hit.message))
                    yield hit


def _needed(check: HealthCheck, steps: Sequence[Step]) -> list[str]:
    """The known programs that a check runs, itself or by a shell script of the context."""
    commands: list[Command] = list(check.commands)
    for script in find_scripts(check, steps):
        arrival = find_arrival(steps, script.path)
        text = arrival_text(arrival) if arrival else None
        if text is not None and _is_shell(script.path, text):
            commands += read_commands(text)
    names = [program_of(command) for command in commands]
    return [name for name in dict.fromkeys(names) if name in PROGRAMS]


def _is_shell(path: str, text: str) -> bool:
    first = text.partition("\n")[0]
    return (path.endswith(_SHELL_SCRIPT) or first.startswith("#!")) and "python" not in first


def _hit(inspection: Inspection, subject: Subject, check: HealthCheck, program: str) -> Hit | None:
    stock = find_stock(inspection, subject)
    if stock.has_program(program):
        return None
    package = PROGRAMS[program][0]
    family = stock.ground.family
    if family:
        return Hit(
            file=inspection.places.filename,
            line=inspection.places.family(family),
            subject=family,
            message=f"a health check needs {program}, which {family} does not promise",
            fix=f'if it has it, add "{program}" to programs in [families.{family}]; else install {package}',
            severity="warning",
        )
    if not stock.ground.is_known:
        return None
    return Hit(
        file=check.file,
        line=check.line,
        subject=subject.unit.name,
        message=f"the health check needs {program}, which nothing installs",
        fix=f"apt-get install {package} in the Dockerfile or in its family, or ask with what the image has",
        severity="warning" if stock.installs.is_open else None,
    )


RULE = Rule(
    id="health-program",
    severity="error",
    about="The programs that a health check runs are in the image.",
    consequence="the check fails for ever: the service never counts as ready",
    fix="install the program",
    find=_find,
)
