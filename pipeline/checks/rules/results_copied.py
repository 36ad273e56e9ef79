"""No results of a run are copied into an image: every run writes them anew."""

import posixpath
from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.sources import Sources
from pipeline.reporting.read import is_run


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        for copied in subject.copied:
            read = copied.read
            found = next((path for path in copied.files if _is_of_a_run(inspection.sources, path)), None)
            if found:
                folder = posixpath.dirname(subject.context.inner(found))
                yield Hit(
                    file=subject.unit.dockerfile,
                    line=read.line,
                    subject=subject.unit.name,
                    message=f"{read.keyword} {read.path} reads {found}, which a run has left",
                    fix=f"add a line {folder or 'run.json'} to .dockerignore, or give `run -o` another place",
                )


def _is_of_a_run(sources: Sources, path: str) -> bool:
    return posixpath.basename(path) == "run.json" and is_run(sources.text(path) or "")


RULE = Rule(
    id="results-copied",
    severity="warning",
    about="COPY and ADD bring nothing that a run has left: what `run -o` wrote.",
    consequence="every run changes it: the image is built again each time, and never reused",
    fix="add its folder to .dockerignore",
    find=_find,
)
