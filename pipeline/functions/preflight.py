"""Preflight: asks registry, engine and machine what a run would meet, before anything is built."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipeline.catalog.platform_choice import platforms_of
from pipeline.checks import preflight as checks
from pipeline.checks.lint import lint
from pipeline.checks.proxies import proxy_findings, proxy_of
from pipeline.checks.show import show_text
from pipeline.errors import PipelineError, RegistryError
from pipeline.functions.account import finding_of
from pipeline.functions.disk import look_at_disk, show_room
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.packages import Looked, Wanted, look_at
from pipeline.reporting.model import SEVERITIES, Finding
from pipeline.reporting.preflight import Disk, Preflight, show_preflight
from pipeline.reporting.releases import Form
from pipeline.stages.lookup import Outlook, circumstances, look_ahead
from pipeline.stages.request import Opened, Request, opened
from pipeline.together import together

# Lint's rules about targets: the rest of lint is lint's.
_TARGET_RULES = ("target-driver", "target-toolkit")
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


class PreflightError(PipelineError):
    """Findings of which one at least is an error."""


async def preflight(request: Request, form: Form) -> str:
    """What was seen and what it means, as text or JSON.

    Raises PreflightError with the text where a finding is an error; JSON raises nothing.
    """
    async with opened(request) as fleet:
        seen = await _preflight(fleet)
    if form == "json":
        return seen.model_dump_json(indent=2) + "\n"
    shown = show_preflight(seen, show_text(seen.findings), now=datetime.now(UTC))
    if any(finding.severity == "error" for finding in seen.findings):
        raise PreflightError(shown.rstrip("\n"))
    return shown


async def _preflight(fleet: Opened) -> Preflight:
    names, catalog = fleet.access.names, fleet.catalog
    registry = await fleet.ask.of(names.release)
    driver = checks.driver_in(_read(_NVIDIA_DRIVER))
    findings = [finding for finding in lint(catalog, fleet.sources) if finding.rule in _TARGET_RULES]
    findings += checks.host_driver_findings(catalog, driver)
    findings += proxy_findings(os.environ, names.registry)
    silent = await _silence(registry, names.release)
    outlook, unplanned = (None, None) if silent else await _outlook(fleet)
    looked = [] if silent else await _packages(fleet, registry, outlook)
    findings += [finding for finding in (silent, unplanned) if finding]
    packages = tuple(each.package for each in looked)
    findings += checks.push_findings(packages)
    findings += checks.state_findings(packages)
    findings += checks.link_findings(packages, catalog.fleet.source_url)
    findings += checks.visibility_findings(packages, catalog.fleet.visibility)
    findings += checks.clock_findings(registry.clock_skew, names.registry)
    disk = await look_at_disk(fleet, outlook, looked) if outlook else Disk()
    findings += checks.disk_findings(disk)
    return Preflight(
        fleet=catalog.fleet.name,
        registry=names.registry,
        packages=packages,
        clock_skew=registry.clock_skew,
        disk=disk,
        seen=dict(_lines(fleet, registry, outlook, disk, driver)),
        findings=tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))),
    )


async def _silence(registry: Registry, repository: str) -> Finding | None:
    """A finding where the registry does not answer at all: then nothing else is worth asking."""
    try:
        await registry.resolve(repository, "latest")
    except DeniedError:
        return None
    except RegistryError as error:
        return finding_of(error, rule="registry")
    return None


async def _outlook(fleet: Opened) -> tuple[Outlook | None, Finding | None]:
    """The plan, or a finding where a family or base is not to be had."""
    try:
        return await look_ahead(fleet, circumstances()), None
    except PipelineError as error:
        return None, finding_of(error, rule="plan")


async def _packages(fleet: Opened, registry: Registry, outlook: Outlook | None) -> list[Looked]:
    async with Registry(registry.host, report=fleet.remarks.append) as stranger:

        async def look(wanted: Wanted) -> Looked:
            platforms = platforms_of(fleet.catalog, wanted.name)
            return await look_at(registry, stranger, wanted, platforms=platforms)

        return await together(list(_wanted(fleet, outlook)), look)


def _wanted(fleet: Opened, outlook: Outlook | None) -> Iterator[Wanted]:
    """Root, families, images and records: what a run reads or writes in the fleet's registry."""
    names, catalog = fleet.access.names, fleet.catalog
    keys = {planned.unit.name: f"key-{planned.key.hex}" for planned in outlook.plan.units} if outlook else {}
    if any(family.is_built and not family.base for family in catalog.families.values()):
        root = catalog.root
        yield Wanted(
            kind="root", name=root.name, repository=names.root(root.name), prefer=(root.tag,), pushed=False
        )
    for family in catalog.families.values():
        yield Wanted(
            kind="family",
            name=family.name,
            repository=names.family(family.name),
            prefer=tuple(filter(None, (family.tag, family.digest, keys.get(family.name, "")))),
            pushed=family.is_built,
        )
    for image in catalog.images.values():
        prefer = tuple(filter(None, [keys.get(image.name, "")]))
        yield Wanted(kind="image", name=image.name, repository=names.image(image.name), prefer=prefer)
    yield Wanted(kind="record", name="release", repository=names.release)


def _lines(
    fleet: Opened, registry: Registry, outlook: Outlook | None, disk: Disk, driver: str
) -> Iterator[tuple[str, str]]:
    """What else was seen, one line each; what cannot be told is said."""
    catalog, skew = fleet.catalog, registry.clock_skew
    if outlook:
        builds = sum(planned.decision == "build" for planned in outlook.plan.units)
        yield "plan", f"{builds} to build, {len(outlook.plan.units) - builds} reused"
    yield "clock", "unknown" if skew is None else f"{abs(skew):.0f} s from the registry's"
    proxy = proxy_of(os.environ, fleet.access.names.registry)
    yield "proxy", f"{proxy or 'none'} (as this module's process sees it; the engine has settings of its own)"
    yield "disk", show_room(disk)
    for target in catalog.targets.values():
        yield f"target {target.name}", f"driver {target.driver} (declared)"
    yield "driver of this machine", driver or "none: no NVIDIA GPU here"


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
