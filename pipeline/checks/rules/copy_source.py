"""COPY and ADD sources must be there, and must not be ignored."""

from collections.abc import Iterator

from pipeline.catalog.mistakes import nearest
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.context import SourceReading, ignore_text
from pipeline.planning.reads import names_base
from pipeline.planning.sources import join


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        for copied in subject.copied:
            if copied.missing or copied.ignored:
                yield _hit(inspection, subject, copied)


def _hit(inspection: Inspection, subject: Subject, copied: SourceReading) -> Hit:
    read = copied.read
    folder = subject.context.folder
    source = f"{_keyword(subject, copied)} source {read.path}"
    if copied.missing:
        message = f"{source} is not in the context {folder or '.'}"
        fix = f"{_suggestion(inspection, folder, read.path)}, or correct the path".removeprefix(", or ")
    else:
        ignore, _ = ignore_text(inspection.sources, folder, subject.unit.dockerfile)
        message = f"{source} is dropped by {ignore}"
        fix = f"add a line !{read.path.strip('/')} to {ignore}"
    return Hit(
        file=subject.unit.dockerfile, line=read.line, subject=subject.unit.name, message=message, fix=fix
    )


def _keyword(subject: Subject, copied: SourceReading) -> str:
    """``COPY``, or whose ONBUILD it is that a FROM runs."""
    read = copied.read
    stage = next((each for each in subject.dockerfile.stages if each.line == read.line), None)
    if stage is None:
        return read.keyword
    return f"ONBUILD {read.keyword} of {subject.unit.base if names_base(stage) else stage.base}:"


def _suggestion(inspection: Inspection, folder: str, path: str) -> str:
    parent, _, name = path.strip("/").rpartition("/")
    names = inspection.sources.children(join(folder, parent))
    hint = nearest(name, names)
    return hint if hint.startswith("did you") else ""


RULE = Rule(
    id="copy-source",
    severity="error",
    about="What COPY, ADD and bind mounts name is in the context and not ignored.",
    consequence="the build fails at this line",
    fix="correct the path",
    find=_find,
)
