"""What is shown without building anything: the plan, and lint's findings."""

from dataclasses import dataclass

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import Catalog
from pipeline.checks.lint import catalog_findings, lint
from pipeline.checks.show import Format as LintFormat
from pipeline.checks.show import show_findings
from pipeline.errors import CatalogError, PipelineError
from pipeline.functions.hadolint import hadolint_findings
from pipeline.planning.plan import Plan
from pipeline.planning.show import Format, show_plan
from pipeline.planning.sources import Sources
from pipeline.reporting.model import Finding
from pipeline.stages.lookup import circumstances, look_ahead, outline
from pipeline.stages.request import Opened, Request, opened
from pipeline.stages.source import materialise

_WITHOUT_REGISTRY = ("commands", "bake", "matrix")


@dataclass(frozen=True, kw_only=True)
class PlanWishes:
    """Flags of the function `plan`."""

    form: Format
    only: tuple[str, ...] = ()
    tag: str = ""
    shards: int = 0
    affected: bool = False
    fresh: bool = False
    rebuild: bool = False
    gpu: bool = False


class LintError(PipelineError):
    """Findings of which one at least is an error."""


async def show(request: Request, wishes: PlanWishes) -> str:
    """The plan in the wished format. No registry is asked for formats that show nothing of it."""
    async with opened(request) as fleet:
        plan = await _plan(fleet, wishes)
        return show_plan(plan, wishes.form, tag=wishes.tag, shards=wishes.shards, affected=wishes.affected)


async def _plan(fleet: Opened, wishes: PlanWishes) -> Plan:
    wanted = circumstances(gpu=wishes.gpu, rebuild=wishes.rebuild, fresh=wishes.fresh)
    if wishes.form in _WITHOUT_REGISTRY and not wishes.affected:
        return outline(fleet, wanted, only=wishes.only)
    return (await look_ahead(fleet, wanted, only=wishes.only)).plan


async def show_lint(request: Request, form: LintFormat) -> str:
    """Findings in the wished format, also those of a catalog that cannot be loaded.

    Raises LintError with the text where the format is ``text`` and a finding is an error.
    """
    findings = await _findings(request)
    shown = show_findings(findings, form)
    if form == "text" and any(finding.severity == "error" for finding in findings):
        raise LintError(shown.rstrip("\n"))
    return shown


async def _findings(request: Request) -> tuple[Finding, ...]:
    async with materialise(request.source) as root:
        try:
            catalog = load_catalog(root, request.catalog)
        except CatalogError as error:
            return catalog_findings(error, request.catalog)
        others = await hadolint_findings(root, _dockerfiles(catalog))
        return lint(catalog, Sources(root), others=others)


def _dockerfiles(catalog: Catalog) -> tuple[str, ...]:
    families = [family.dockerfile for family in catalog.families.values() if family.is_built]
    return (*families, *(image.dockerfile for image in catalog.images.values()))
