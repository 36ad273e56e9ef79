"""What proves a release: the evidence that its record names, read and judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.registry.documents.artifacts import ForeignError, get_document
from pipeline.registry.documents.evidence import EVIDENCE_TYPE, Evidence, evidence_tag, open_statement
from pipeline.registry.documents.record import Record, Released
from pipeline.registry.documents.signing import SignatureError, Trust, UnsignedError
from pipeline.registry.oci.client import Registry
from pipeline.reporting.model import Verdict
from pipeline.together import together

Outcome = Literal["incomplete", "tampered", "broken"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with a release: something is missing, is not what the record says, or does not work."""

    outcome: Outcome
    subject: str
    what: str


async def evidence_problems(registry: Registry, record: Record, trust: Trust | None) -> list[Problem]:
    """What is wrong with the evidence that a record names; with ``trust`` it must be signed."""
    questions = [(unit, service, key) for unit in record.units for service, key in unit.evidence.items()]
    found = await together(questions, lambda question: _problem(registry, *question, trust=trust))
    return [problem for problem in found if problem is not None]


async def _problem(
    registry: Registry, unit: Released, service: str, test_key: str, *, trust: Trust | None
) -> Problem | None:
    subject = f"{unit.name}/{service}"
    try:
        document = await get_document(
            registry, unit.repository, evidence_tag(test_key), artifact_type=EVIDENCE_TYPE
        )
        found = open_statement(document, trust) if document is not None else None
    except UnsignedError:
        return Problem(outcome="incomplete", subject=subject, what="its evidence is not signed")
    except SignatureError as error:
        return Problem(outcome="tampered", subject=subject, what=f"its evidence: {error.what}")
    except ForeignError as error:
        return Problem(outcome="tampered", subject=subject, what=error.what)
    except ValueError:
        return Problem(outcome="tampered", subject=subject, what=f"{test_key!r} is no test key")
    if document is None:
        return Problem(outcome="incomplete", subject=subject, what="its evidence is gone")
    return _other(unit, service, test_key, found, subject=subject)


def _other(
    unit: Released, service: str, test_key: str, found: Evidence | None, *, subject: str
) -> Problem | None:
    if found is None:
        return Problem(outcome="tampered", subject=subject, what="its evidence is none of a passed test")
    if found.digest != unit.digest:
        what = f"its evidence is about {found.digest}, not {unit.digest}"
        return Problem(outcome="tampered", subject=subject, what=what)
    if (found.test_key, found.service) != (test_key, service):
        what = f"its evidence is about another test ({found.service})"
        return Problem(outcome="tampered", subject=subject, what=what)
    return None


async def untested(
    registry: Registry, record: Record, expected: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """The services that no smoke test passed for, or only with a check skipped (no GPU, no evidence).

    ``expected`` are the services of each image by the catalog; an image that it does not name must have
    evidence at all.
    """

    async def one(unit: Released) -> list[str]:
        wanted = expected.get(unit.name, () if unit.evidence or unit.kind == "family" else (unit.name,))
        missing = [service for service in wanted if service not in unit.evidence]
        skipped = [name for name, key in unit.evidence.items() if await _skipped(registry, unit, key)]
        return [f"{unit.name}/{service}" for service in (*missing, *skipped)]

    return tuple(name for names in await together(record.units, one) for name in names)


async def _skipped(registry: Registry, unit: Released, test_key: str) -> bool:
    document = await get_document(
        registry, unit.repository, evidence_tag(test_key), artifact_type=EVIDENCE_TYPE
    )
    found = open_statement(document, None) if document else None
    return found is None or any(check.verdict is Verdict.SKIPPED for check in found.checks)
