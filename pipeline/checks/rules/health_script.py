"""A script that a health check runs is brought by a COPY, and can be executed."""

from collections.abc import Iterator

from pipeline.catalog.model import Image
from pipeline.checks.arrivals import Arrival
from pipeline.checks.health import HealthCheck, find_checks
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.checks.scripts import Script, brings, find_scripts, may_change_mode
from pipeline.checks.steps import Step, find_steps


def _find(inspection: Inspection) -> Iterator[Hit]:
    seen: set[tuple[str, str]] = set()
    for image, subject in inspection.images:
        for check in find_checks(inspection, image, subject):
            for hit in _of_check(inspection, image, subject, check):
                if (hit.subject, hit.message) not in seen:
                    seen.add((hit.subject, hit.message))
                    yield hit


def _of_check(inspection: Inspection, image: Image, subject: Subject, check: HealthCheck) -> Iterator[Hit]:
    steps = find_steps(inspection, subject)
    for script in find_scripts(check, steps):
        origin = brings(script, steps)
        problem = ""
        fix = ""
        if origin is None and not inspection.stands_on_unknown(subject):
            problem, fix = f"no COPY brings {script.path}", f"COPY it to {script.path}"
        elif isinstance(origin, Arrival) and script.is_direct and not _is_executable(origin, script, steps):
            problem = f"{script.path} is not executable: {origin.source or 'its here-document'} has no x bit"
            fix = _make_executable(origin)
        if problem:
            yield Hit(file=check.file, line=check.line, subject=image.name, message=problem, fix=fix)


def _is_executable(arrival: Arrival, script: Script, steps: tuple[Step, ...]) -> bool:
    if arrival.chmod:
        return not arrival.chmod.isdecimal() or any(digit in "1357" for digit in arrival.chmod[-3:])
    if may_change_mode(steps, script):
        return True
    node = arrival.step.subject.context.sources.node(arrival.source) if arrival.source else None
    # NB: git's rule: only the owner's x bit decides.
    is_file_without = node is not None and node.kind == "file" and not node.mode & 0o100
    return not (is_file_without or arrival.text is not None)


def _make_executable(arrival: Arrival) -> str:
    if not arrival.source:
        return "add --chmod=755 to the COPY"
    return f"git update-index --chmod=+x {arrival.source}, or add --chmod=755 to the COPY"


RULE = Rule(
    id="health-script",
    severity="error",
    about="A script that a health check runs is in the image and executable.",
    consequence="the check fails for ever: the service never counts as ready",
    fix="COPY the script, with its x bit in git",
    find=_find,
)
