"""Every rule over a whole fleet: all findings at once."""

import re
from collections.abc import Iterable, Iterator

from pipeline.catalog.mistakes import InvalidCatalogError, Mistake
from pipeline.catalog.model import Catalog
from pipeline.checks.acknowledge import sift
from pipeline.checks.comments import heed
from pipeline.checks.inspection import Inspection, inspect
from pipeline.checks.places import Places, find_places
from pipeline.checks.rule import Hit, Rule
from pipeline.checks.rules import RULES
from pipeline.errors import CatalogError
from pipeline.planning.sources import Sources
from pipeline.reporting.model import SEVERITIES, Finding

_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def lint(catalog: Catalog, sources: Sources, *, others: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """What is wrong with a fleet: errors first, then by file and line.

    ``others`` are what another program found (hadolint). Findings that the catalog acknowledges or a comment
    in a Dockerfile ignores are left out.
    """
    return lint_inspected(inspect(catalog, sources), others)


def lint_inspected(inspection: Inspection, others: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """The same of a fleet that has been read."""
    findings = [finding for rule in RULES for finding in _apply(rule, rule.find(inspection))]
    findings += others
    sifted = sift(list(heed(findings, inspection)), inspection)
    return tuple(sorted(map(_printable, sifted), key=_order))


def catalog_findings(error: CatalogError, filename: str = "fleet.toml") -> tuple[Finding, ...]:
    """The mistakes of a catalog that could not be loaded, as findings."""
    told = [(error.what, 1)]
    if isinstance(error, InvalidCatalogError):
        places = find_places(error.text, filename)
        told = [(str(mistake), _line_of(mistake, places)) for mistake in error.mistakes]
    return tuple(
        Finding(
            rule="catalog",
            severity="error",
            file=filename,
            line=line,
            message=what,
            consequence="nothing is planned or built",
            fix=error.next_step,
        )
        for what, line in told
    )


def _line_of(mistake: Mistake, places: Places) -> int:
    """The line of the innermost table that is there, or that TOML's own message names; else 1."""
    if found := _TOML_LINE.search(mistake.what):
        return int(found[1])
    parts = mistake.table.split(".")
    tables = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((places.lines[table] for table in tables if table in places.lines), 1)


def _apply(rule: Rule, hits: Iterable[Hit]) -> Iterator[Finding]:
    for hit in hits:
        yield Finding(
            rule=rule.id,
            severity=hit.severity or rule.severity,
            file=hit.file,
            line=hit.line,
            subject=hit.subject,
            message=hit.message,
            consequence=rule.consequence,
            fix=hit.fix or rule.fix,
        )


def _printable(finding: Finding) -> Finding:
    """NB: names and lines that are not UTF-8 come as surrogates, which cannot be printed."""
    texts = {"file": finding.file, "subject": finding.subject, "message": finding.message, "fix": finding.fix}
    readable = {key: text.encode("utf-8", "backslashreplace").decode() for key, text in texts.items()}
    return finding if readable == texts else finding.model_copy(update=readable)


def _order(finding: Finding) -> tuple[int, str, int, str, str]:
    return SEVERITIES.index(finding.severity), finding.file, finding.line, finding.rule, finding.message
