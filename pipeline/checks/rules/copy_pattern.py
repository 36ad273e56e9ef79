"""A pattern in a COPY that matches nothing is no error for BuildKit, and rarely meant."""

import re
from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule

# NB: ``lib[b]`` matches nothing but ``lib``: people write it so that a file may be absent.
_OPTIONAL = re.compile(r"[^*?\[\]]*\[[^\]^-]\][^*?\[\]]*")


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        for copied in subject.copied:
            if copied.is_pattern and not copied.files and not _OPTIONAL.fullmatch(copied.read.path):
                yield Hit(
                    file=subject.unit.dockerfile,
                    line=copied.read.line,
                    subject=subject.unit.name,
                    message=f"{copied.read.keyword} pattern {copied.read.path} matches no file",
                )


RULE = Rule(
    id="copy-pattern",
    severity="warning",
    about="Patterns in COPY and ADD match something.",
    consequence="the image lacks the files, and the build does not say so",
    fix="correct the pattern, or remove it",
    find=_find,
)
