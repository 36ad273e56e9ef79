"""Base, family and wheels are made for the same CUDA."""

from collections.abc import Iterator

from pipeline.checks.facts.cuda import Claim, agree, cuda_of_image, find_claims, promised_cuda
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule


def _find(inspection: Inspection) -> Iterator[Hit]:
    yield from _families(inspection)
    for subject in inspection.subjects.values():
        family, version = promised_cuda(inspection, subject)
        claims = list(find_claims(inspection, subject))
        if not version and claims:
            family, version = claims[0].what, claims[0].version
        seen: set[str] = set()
        for claim in claims:
            if version and not agree(claim.version, version) and claim.what not in seen:
                seen.add(claim.what)
                yield _hit(subject, claim, family, version)


def _hit(subject: Subject, claim: Claim, family: str, version: str) -> Hit:
    return Hit(
        file=claim.file,
        line=claim.line,
        subject=subject.unit.name,
        message=f"{claim.what} is for CUDA {claim.version}, {family} for CUDA {version}",
    )


def _families(inspection: Inspection) -> Iterator[Hit]:
    """A family against what it stands on: another family, or the root image."""
    catalog = inspection.catalog
    for family in catalog.families.values():
        below = catalog.families.get(family.base)
        base = below.name if below else catalog.root.source
        version = below.cuda if below else cuda_of_image(base) if family.is_built else ""
        if family.cuda and version and not agree(family.cuda, version):
            yield Hit(
                file=inspection.places.filename,
                line=inspection.places.family(family.name),
                subject=family.name,
                message=f"{family.name} is for CUDA {family.cuda}, {base} for CUDA {version}",
            )


RULE = Rule(
    id="cuda-version",
    severity="error",
    about="The base, the family and what is installed on it are made for the same CUDA.",
    consequence="two CUDA versions meet in one process: symbols are missing, or the GPU is not used",
    fix="take the version that the family's cuda says, or correct that",
    find=_find,
)
