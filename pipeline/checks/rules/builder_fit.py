"""What a builder stage makes fits the family: the same Python, the same C library."""

import re
from collections.abc import Iterator

from pipeline.checks.facts.platforms import Platform, described, platform_of, python_after
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.dockerfile import Instruction
from pipeline.planning.reads import INJECTED, StageReads, find_stage

_PYTHON_TOOLS = re.compile(r"\b(?:pip3?|uv|poetry|pdm|pipenv)\b|-m (?:pip|build|venv)\b")
_COMPILERS = re.compile(r"\b(?:gcc|g\+\+|cc|make|cmake|ninja|meson|cargo|pip3? wheel|no-binary)\b")
_PACKAGES = re.compile(
    r"(?:site|dist)-packages|venv|wheel|\.whl|\.local|/install|python|^/opt|^/usr(?:/local)?(?:/lib)?/?$"
)


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        copies = list(_copies(subject))
        if not copies:
            continue
        family = family_platform(inspection, subject)
        for instruction, stage in copies:
            if problem := _misfit(subject, stage, instruction, family):
                yield Hit(
                    file=subject.unit.dockerfile,
                    line=stage.stage.line,
                    subject=subject.unit.name,
                    message=f"{problem}; line {instruction.line} copies from it",
                )


def _copies(subject: Subject) -> Iterator[tuple[Instruction, StageReads]]:
    """The first COPY of the result from each stage that stands on an image of its own."""
    seen: set[int] = set()
    for stage in subject.final_stages:
        for instruction in stage.stage.instructions:
            origin = instruction.flag("from") if instruction.keyword == "COPY" else ""
            index = find_stage(subject.dockerfile.stages, stage.scope.expand(origin).text) if origin else None
            if index is not None and index not in seen:
                builder = subject.reads.stages[index]
                paths = [stage.scope.expand(word).text for word in instruction.words[:-1]]
                if builder.base != INJECTED and any(_PACKAGES.search(path) for path in paths):
                    seen.add(index)
                    yield instruction, builder


def _misfit(subject: Subject, stage: StageReads, copy: Instruction, family: Platform) -> str:
    lowest = subject.stages_below(stage)
    base = lowest[-1].base
    if base == INJECTED:
        return ""
    instructions = [each for part in reversed(lowest) for each in part.stage.instructions]
    text = "\n".join(each.text for each in instructions if each.keyword == "RUN")
    builder = platform_of(base)
    python = python_after(builder, instructions)
    makes_packages, compiles = _PYTHON_TOOLS.search(text), _COMPILERS.search(text)
    if makes_packages and python and family.python and python != family.python:
        return f"{base} has Python {python}, {subject.unit.base} has {family.python}"
    if not (makes_packages or compiles):
        return ""
    if builder.libc and family.libc and builder.libc != family.libc:
        return f"{base} has {builder.libc}, {subject.unit.base} has {family.libc}"
    if compiles and builder.glibc and family.glibc and builder.glibc > family.glibc:
        return (
            f"{base} has glibc {_version(builder.glibc)}, newer than {_version(family.glibc)} "
            f"of {subject.unit.base}"
        )
    return ""


def _version(numbers: tuple[int, int]) -> str:
    return ".".join(map(str, numbers))


def family_platform(inspection: Inspection, subject: Subject) -> Platform:
    """What a subject stands on: as the catalog says, else as the root's source and the families' lines do."""
    catalog = inspection.catalog
    below = inspection.chain(subject)[1:]
    names = [each.unit.name for each in below]
    lowest = below[-1].unit.base if below else subject.unit.base
    families = [catalog.families[name] for name in (*names, lowest) if name in catalog.families]
    distribution = next((family.distribution for family in families if family.distribution), "")
    python = next((family.python for family in families if family.python), "")
    is_root = lowest == catalog.root.name
    platform = (
        described(distribution) if distribution else platform_of(catalog.root.source if is_root else "")
    )
    if not python:
        lines = [each for part in reversed(below) for each in reversed(list(part.last_first))]
        python = python_after(platform, lines)
    return described(platform.distribution, python)


RULE = Rule(
    id="builder-fit",
    severity="error",
    about="A builder stage has the Python and the C library of the family that gets its packages.",
    consequence="what it makes does not load: other paths, other wheels, other symbols",
    fix="build on ${BASE_IMAGE} too, or on an image of the family's distribution and Python",
    find=_find,
)
