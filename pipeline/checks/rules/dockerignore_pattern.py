"""Lines of a .dockerignore that BuildKit refuses."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.context import ignore_text


def _find(inspection: Inspection) -> Iterator[Hit]:
    seen: set[str] = set()
    for subject in inspection.subjects.values():
        path, _ = ignore_text(inspection.sources, subject.context.folder, subject.unit.dockerfile)
        for line in subject.context.ignore.bad_lines if path not in seen else ():
            yield Hit(file=path, line=line, subject=subject.unit.name, message="this is no valid pattern")
        seen.add(path)


RULE = Rule(
    id="dockerignore-pattern",
    severity="error",
    about="Every line of a .dockerignore is a pattern.",
    consequence="no image with this context can be built",
    fix="correct the pattern: [ needs its ], ! needs a path, \\ needs a character after it",
    find=_find,
)
