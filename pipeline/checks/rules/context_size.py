"""What an image's COPY lines read from the context stays within a bound."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule

_MB = 1_000_000


def _find(inspection: Inspection) -> Iterator[Hit]:
    limit = inspection.catalog.fleet.context_limit_mb
    for subject in inspection.subjects.values():
        sizes = {path: _size(subject, path) for copied in subject.copied for path in copied.files}
        total = sum(sizes.values())
        if total > limit * _MB:
            largest = max(sizes, key=lambda path: sizes[path])
            copied = max(subject.copied, key=lambda each: sum(sizes[path] for path in each.files))
            yield Hit(
                file=subject.unit.dockerfile,
                line=copied.read.line,
                subject=subject.unit.name,
                message=(
                    f"COPY and ADD read {total / _MB:.0f} MB, over context_limit_mb = {limit}; "
                    f"the largest is {largest} ({sizes[largest] / _MB:.0f} MB)"
                ),
            )


def _size(subject: Subject, path: str) -> int:
    node = subject.context.sources.node(path)
    return node.size if node else 0


RULE = Rule(
    id="context-size",
    severity="warning",
    about="What COPY and ADD read for one image is no more than context_limit_mb.",
    consequence="every build sends and every host pulls it, mostly for files that nobody meant",
    fix="add what is not needed to .dockerignore, or raise context_limit_mb in [fleet]",
    find=_find,
)
