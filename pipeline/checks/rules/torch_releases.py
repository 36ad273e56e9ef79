"""torch, torchvision and torchaudio of one release."""

from collections.abc import Iterator

from pipeline.checks.facts.installs import find_installs, own_installs
from pipeline.checks.facts.pip import Package
from pipeline.checks.facts.torch import TRIO, belong_together, torch_of
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        own = {each.name for each in own_installs(inspection, subject).pip} & {*TRIO}
        # NB: of a package that is installed twice the last one counts.
        pinned = {
            each.name: each
            for each in (find_installs(inspection, subject).pip if own else ())
            if each.name in TRIO and each.version
        }
        present = [pinned[name] for name in TRIO if name in pinned]
        for other in present[1:]:
            if problem := _problem(present[0], other):
                yield _hit(subject, other if other.name in own else present[0], problem)


def _problem(one: Package, other: Package) -> str:
    first, second = torch_of(one.name, one.version), torch_of(other.name, other.version)
    if first and second and not belong_together(first, second):
        against = "" if one.name == "torch" else f", {one.name} {one.version} to {first}"
        return f"{other.name} {other.version} belongs to torch {second}{against or f', not to {one.version}'}"
    builds = [each.version.partition("+")[2] for each in (one, other)]
    if all(builds) and builds[0] != builds[1]:
        return f"{other.name} is built for {builds[1]}, {one.name} for {builds[0]}"
    return ""


def _hit(subject: Subject, package: Package, problem: str) -> Hit:
    return Hit(file=package.file, line=package.line, subject=subject.unit.name, message=problem)


RULE = Rule(
    id="torch-releases",
    severity="error",
    about="Pinned torch, torchvision and torchaudio are of one release and one build.",
    consequence="importing torchvision or torchaudio fails with missing symbols, or pip refuses the set",
    fix="take the versions that belong together: pytorch.org/get-started/previous-versions",
    find=_find,
)
