"""A Python package needs a shared library or a program that nothing installs."""

from collections.abc import Iterator, Sequence

from pipeline.checks.facts.installs import own_installs
from pipeline.checks.facts.packages import LIBRARIES, PROGRAMS, Needs, needs_of
from pipeline.checks.facts.pip import Package
from pipeline.checks.facts.stock import Stock, find_stock
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        ground = find_stock(inspection, subject).ground
        if not (ground.is_known or ground.family):
            continue
        told: set[str] = set()
        for package in own_installs(inspection, subject).pip:
            for owner, needs in needs_of(package.name, package.requirement.extras):
                lacking = [each for each in _lacking(inspection, subject, needs) if each not in told]
                told.update(lacking)
                if lacking:
                    yield _hit(inspection, subject, package, owner, lacking)


def _lacking(inspection: Inspection, subject: Subject, needs: Needs) -> Iterator[str]:
    stocks = [find_stock(inspection, each) for each in _results(inspection, subject)]
    yield from (each for each in needs.libraries if not all(stock.has_library(each) for stock in stocks))
    yield from (each for each in needs.programs if not all(stock.has_program(each) for stock in stocks))


def _results(inspection: Inspection, subject: Subject) -> list[Subject]:
    """A family's library may be installed by every image that stands on it; other subjects are their own."""
    if subject.unit.kind == "image":
        return [subject]
    chains = [inspection.chain(each) for _, each in inspection.images]
    return [chain[0] for chain in chains if any(each is subject for each in chain)] or [subject]


def _hit(
    inspection: Inspection, subject: Subject, package: Package, owner: str, lacking: Sequence[str]
) -> Hit:
    stock = find_stock(inspection, subject)
    brings = "" if owner == package.name else f" brings {owner}, which"
    apt = dict.fromkeys((LIBRARIES.get(each) or PROGRAMS[each])[0] for each in lacking)
    family = stock.ground.family
    return Hit(
        file=package.file,
        line=package.line,
        subject=subject.unit.name,
        message=f"{package.name}{brings} needs {' and '.join(lacking)}, which nothing installs",
        fix=f"apt-get install {' '.join(apt)}{_promise(family, lacking) if family else ''}",
        severity=None if _is_sure(stock) and lacking[0] in LIBRARIES else "warning",
    )


def _promise(family: str, lacking: Sequence[str]) -> str:
    kind = "libraries" if lacking[0] in LIBRARIES else "programs"
    names = ", ".join(f'"{each}"' for each in lacking)
    return f"; or, if {family} has it, add {names} to {kind} in [families.{family}]"


def _is_sure(stock: Stock) -> bool:
    return stock.ground.is_known and not stock.installs.is_open


RULE = Rule(
    id="library-missing",
    severity="error",
    about="What Python packages load or start without bringing it is installed, by apt or by the family.",
    consequence="the import, or the first call, fails at run time: no such file",
    fix="install what has it",
    find=_find,
)
