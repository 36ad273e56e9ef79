"""Files that are copied into an image are readable by others: git knows no modes but 644 and 755."""

import shlex
from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule

_SHOWN = 5


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        private = {path: copied.read.line for copied in reversed(subject.copied) for path in copied.private}
        if private:
            paths = sorted(private)
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            yield Hit(
                file=subject.unit.dockerfile,
                line=min(private.values()),
                subject=subject.unit.name,
                message=f"{paths[0]}{more} cannot be read by others",
                fix=f"chmod o=rX {shlex.join(paths[:_SHOWN])}{' …' if len(paths) > _SHOWN else ''}",
            )


RULE = Rule(
    id="private-file",
    severity="error",
    about="What COPY brings into an image can be read by others.",
    consequence="the image differs from the one built elsewhere, and its user may be unable to read the file",
    fix="chmod o=rX",
    find=_find,
)
