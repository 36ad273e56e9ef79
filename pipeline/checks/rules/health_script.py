"""A script that a health check runs is brought by a COPY, and can be executed."""

from collections.abc import Iterator

from pipeline.catalog.model import Image
from pipeline.checks.facts.arrivals import Arrival
from pipeline.checks.facts.health import HealthCheck, find_checks
from pipeline.checks.facts.scripts import brings, find_scripts, is_executable, make_executable
from pipeline.checks.facts.steps import find_steps
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule


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
        elif isinstance(origin, Arrival) and script.is_direct and not is_executable(origin, script, steps):
            problem = f"{script.path} is not executable: {origin.source or 'its here-document'} has no x bit"
            fix = make_executable(origin)
        if problem:
            yield Hit(file=check.file, line=check.line, subject=image.name, message=problem, fix=fix)


RULE = Rule(
    id="health-script",
    severity="error",
    about="A script that a health check runs is in the image and executable.",
    consequence="the check fails for ever: the service never counts as ready",
    fix="COPY the script, with its x bit in git",
    find=_find,
)
