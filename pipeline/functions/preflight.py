"""Preflight: asks registry, engine and machine what a run would meet, before anything is built."""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import dagger
from dagger import dag

from pipeline.catalog.platform_choice import fleet_platforms, platforms_of
from pipeline.catalog.platforms import pick_native
from pipeline.checks import preflight as checks
from pipeline.checks.lint import lint
from pipeline.checks.show import show_text
from pipeline.errors import PipelineError, RegistryError
from pipeline.functions.account import finding_of
from pipeline.planning.plan import PlannedUnit
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.packages import Layers, Looked, Wanted, look_at
from pipeline.reporting.model import SEVERITIES, Finding
from pipeline.reporting.preflight import Disk, Preflight, show_preflight
from pipeline.reporting.releases import Form
from pipeline.reporting.words import size
from pipeline.stages.lookup import Outlook, circumstances, look_ahead
from pipeline.stages.request import Opened, Request, opened
from pipeline.stages.together import together

# Lint's rules about targets: the rest of lint is lint's.
_TARGET_RULES = ("target-driver", "target-toolkit")
# Bytes on the engine's disk for one compressed byte of a layer: the byte itself on its way, and 2.1 unpacked
# (measured on the reference fleet: docs/preflight.md).
_UNPACKED = 3
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
    findings += checks.proxy_findings(os.environ, names.registry)
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
    disk = await _disk(fleet, outlook, looked) if outlook else Disk()
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


async def _disk(fleet: Opened, outlook: Outlook, looked: list[Looked]) -> Disk:
    """What the plan needs at most, and what is free where the engine builds."""
    layers = {each.package.name: each.layers for each in looked}
    needed, unknown = disk_needed(_busy(outlook.plan.units), layers)
    if not needed and not unknown:
        return Disk()
    return Disk(free=await _free(fleet, outlook), needed=needed, unknown=unknown)


def _busy(units: Iterable[PlannedUnit]) -> Iterator[tuple[str, str]]:
    """Name and base of each unit that is built, or pulled to be tested."""
    for planned in units:
        if planned.decision == "build" or any(each.decision == "run" for each in planned.smoke):
            yield planned.unit.name, planned.unit.base


def disk_needed(busy: Iterable[tuple[str, str]], layers: Mapping[str, Layers]) -> tuple[int, tuple[str, ...]]:
    """Bytes that units (name and base) need at most, by what was pushed last, and whose size is not known.

    A layer that several images share counts once.
    """
    names = dict.fromkeys(each for name, base in busy for each in (base, name))
    sizes = {digest: number for name in names for digest, number in layers.get(name, ())}
    unknown = tuple(name for name in names if not layers.get(name))
    return _UNPACKED * sum(sizes.values()), unknown


async def _free(fleet: Opened, outlook: Outlook) -> int:
    """Bytes that are free where the engine builds; -1 if it cannot be told.

    NB: this module may run in a container, and Docker's disk may be another than this machine's: the file
    system of a container of the root image (or another base) is the one that the engine builds on.
    """
    for base in outlook.survey.published[:1]:
        reference = f"{base.reference.name}@{outlook.digests[str(base.reference)]}"
        platform = pick_native(fleet_platforms(fleet.catalog.fleet), outlook.wanted.native)
        container = fleet.access.sign_in(dag.container(platform=dagger.Platform(platform))).from_(reference)
        asked = container.with_env_variable("ASKED", secrets.token_hex(4)).with_exec(["df", "-Pk", "/"])
        try:
            return free_bytes(await asked.stdout())
        except dagger.QueryError:
            return -1
    return -1


def free_bytes(df: str) -> int:
    """The column "Available" of `df -Pk` (POSIX) in bytes; -1 if there is none."""
    lines = df.strip().splitlines()
    words = lines[-1].split() if len(lines) > 1 else []
    return int(words[3]) * 1024 if len(words) >= 6 and words[3].isdigit() else -1


def _lines(
    fleet: Opened, registry: Registry, outlook: Outlook | None, disk: Disk, driver: str
) -> Iterator[tuple[str, str]]:
    """What else was seen, one line each; what cannot be told is said."""
    catalog, skew = fleet.catalog, registry.clock_skew
    if outlook:
        builds = sum(planned.decision == "build" for planned in outlook.plan.units)
        yield "plan", f"{builds} to build, {len(outlook.plan.units) - builds} reused"
    yield "clock", "unknown" if skew is None else f"{abs(skew):.0f} s from the registry's"
    proxy = checks.proxy_of(os.environ, fleet.access.names.registry)
    yield "proxy", f"{proxy or 'none'} (as this module's process sees it; the engine has settings of its own)"
    yield "disk", _room(disk)
    for target in catalog.targets.values():
        yield f"target {target.name}", f"driver {target.driver} (declared)"
    yield "driver of this machine", driver or "none: no NVIDIA GPU here"


def _room(disk: Disk) -> str:
    if not disk.needed and not disk.unknown:
        return "nothing to build or pull"
    free = "unknown" if disk.free < 0 else size(max(1, disk.free))
    unknown = f", and more for {', '.join(disk.unknown)} (never pushed)" if disk.unknown else ""
    return f"{free} free where the engine builds, up to {size(disk.needed)} needed{unknown}"


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
