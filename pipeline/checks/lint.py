"""Every rule over a whole fleet: all findings at once."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.catalog.mistakes import InvalidCatalogError
from pipeline.catalog.model import Catalog
from pipeline.checks.acknowledge import sift
from pipeline.checks.inspection import inspect
from pipeline.checks.rule import Hit, Rule
from pipeline.checks.rules import RULES
from pipeline.errors import CatalogError
from pipeline.planning.sources import Sources
from pipeline.reporting.model import Finding

_SEVERITIES = ("error", "warning", "note")


def lint(catalog: Catalog, root: Path, *, sources: Sources | None = None) -> tuple[Finding, ...]:
    """What is wrong with a fleet whose files are under ``root``: errors first, then by file and line.

    Findings that the catalog acknowledges are left out.
    """
    inspection = inspect(catalog, root, sources=sources)
    findings = [finding for rule in RULES for finding in _apply(rule, rule.find(inspection))]
    return tuple(sorted(sift(findings, inspection), key=_order))


def catalog_findings(error: CatalogError, filename: str = "fleet.toml") -> tuple[Finding, ...]:
    """The mistakes of a catalog that could not be loaded, as findings."""
    whats = (
        [str(mistake) for mistake in error.mistakes]
        if isinstance(error, InvalidCatalogError)
        else [error.what]
    )
    return tuple(
        Finding(
            rule="catalog",
            severity="error",
            file=filename,
            line=1,
            message=what,
            consequence="nothing is planned or built",
            fix=error.next_step,
        )
        for what in whats
    )


def _apply(rule: Rule, hits: Iterable[Hit]) -> Iterator[Finding]:
    for hit in hits:
        yield Finding(
            rule=rule.id,
            severity=hit.severity or rule.severity,
            file=hit.file,
            line=hit.line,
            subject=hit.subject,
            message=_readable(hit.message),
            consequence=rule.consequence,
            fix=_readable(hit.fix or rule.fix),
        )


def _readable(text: str) -> str:
    """NB: names and lines that are not UTF-8 come as surrogates, which cannot be printed."""
    return text.encode("utf-8", "backslashreplace").decode()


def _order(finding: Finding) -> tuple[int, str, int, str, str]:
    return _SEVERITIES.index(finding.severity), finding.file, finding.line, finding.rule, finding.message
