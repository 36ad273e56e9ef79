"""An image that a Dockerfile names itself must have a version: latest is another image tomorrow."""

from collections.abc import Iterator

from pipeline.catalog.references import Reference
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.outside import external_reference
from pipeline.planning.reads import BASE_ARGUMENT, INJECTED, names_base


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        for text, line in (*_images(subject), *_default(subject)):
            reference = external_reference(text)
            if reference is None or _is_floating(reference):
                yield Hit(
                    file=subject.unit.dockerfile,
                    line=line,
                    subject=subject.unit.name,
                    message=f"{text} names no version" if reference else f"{text!r} is no image reference",
                )


def _images(subject: Subject) -> Iterator[tuple[str, int]]:
    for stage in subject.reads.stages:
        for image in stage.images:
            is_undeclared = not image.text and image.how == "FROM" and names_base(stage.stage)
            if image.text != INJECTED and not is_undeclared:
                yield image.text.replace(INJECTED, "${BASE_IMAGE}"), image.line


def _default(subject: Subject) -> Iterator[tuple[str, int]]:
    """The default of ARG BASE_IMAGE: what a person who builds by hand gets."""
    for instruction in subject.dockerfile.preamble:
        for word in instruction.words:
            name, _, default = word.partition("=")
            if name == BASE_ARGUMENT and default and "$" not in default:
                yield default.strip("\"'"), instruction.line


def _is_floating(reference: Reference) -> bool:
    return not reference.digest and reference.tag == "latest"


RULE = Rule(
    id="base-version",
    severity="error",
    about="Images that a Dockerfile names itself have a tag other than latest, or a digest.",
    consequence="the same commit gives another image tomorrow",
    fix="name a version: NAME:TAG, or better NAME:TAG@sha256:…",
    find=_find,
)
