"""One family or image by itself: what a reproduction line does."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import dagger

from pipeline.catalog.mistakes import nearest
from pipeline.catalog.platforms import pick_native
from pipeline.catalog.references import parse_reference
from pipeline.errors import CatalogError, UsageError
from pipeline.planning.plan import Circumstances, PlannedUnit, all_run
from pipeline.planning.units import Kind
from pipeline.reporting.model import Run, UnitRun
from pipeline.stages.build import build
from pipeline.stages.lookup import circumstances, look_ahead, outline
from pipeline.stages.platforms import native_where_needed
from pipeline.stages.request import Opened, Request, opened
from pipeline.stages.site import site_of
from pipeline.stages.smoke.foreign import remarks_on
from pipeline.stages.unit import carry


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which unit: ``base`` is ``REPOSITORY@sha256:…``, or empty for the one that the plan finds."""

    request: Request
    kind: Kind
    name: str
    base: str = ""
    gpu: bool = False


async def container_of(choice: Choice) -> dagger.Container:
    """The built container; where its Dockerfile has no arguments, not evaluated yet.

    Of several platforms the engine's own, or the first.
    """
    async with _found(choice) as found:
        unit = found.planned.unit
        platform = pick_native(unit.platforms, found.wanted.native)
        return await build(choice.request.source, unit, found.base, platform=platform)


async def smoke_one(choice: Choice, *, service: str = "", fresh: str = "") -> Run:
    """Build the unit and smoke-test it, or one of its services; nothing is pushed."""
    return await _run(choice, service=service, fresh=fresh, candidates=False)


async def push_one(choice: Choice) -> Run:
    """Build the unit, smoke-test all of it, push it as a candidate."""
    return await _run(choice, service="", fresh="", candidates=True)


async def _run(choice: Choice, *, service: str, fresh: str, candidates: bool) -> Run:
    began = time.monotonic()
    async with _found(choice, keyed=candidates) as found:
        fleet, planned = found.fleet, _narrowed(found.planned, service)
        await fleet.access.announce()
        async with site_of(
            fleet, found.wanted, began=began, builds=1, candidates=candidates, fresh=fresh
        ) as site:
            unit = await carry(site, planned, base=found.base, place=planned.unit.repository, needed=False)
        return _as_run(choice, fleet, unit, began)


def _as_run(choice: Choice, fleet: Opened, unit: UnitRun, began: float) -> Run:
    return Run(
        fleet=fleet.catalog.fleet.name,
        function=choice.kind,
        flags=choice.request.flags,
        registry=fleet.access.names.registry,
        seconds=round(time.monotonic() - began, 2),
        verdict=unit.verdict,
        units=(unit,),
        remarks=tuple(dict.fromkeys([*fleet.remarks, *remarks_on([unit])])),
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The fleet, the unit as it would be built and smoked now, and the reference of its base."""

    fleet: Opened
    wanted: Circumstances
    planned: PlannedUnit
    base: str


@asynccontextmanager
async def _found(choice: Choice, *, keyed: bool = False) -> AsyncIterator[_Found]:
    """``keyed`` where its build key matters; else no registry is asked about a unit whose base is given."""
    async with opened(choice.request) as fleet:
        only = (choice.name,)
        _check_name(choice, fleet)
        wanted = circumstances(gpu=choice.gpu)
        if choice.base and not keyed:
            wanted = replace(wanted, native=await native_where_needed(fleet.catalog))
            plan = outline(fleet, wanted, only=only)
        else:
            outlook = await look_ahead(fleet, wanted, only=only)
            wanted, plan = outlook.wanted, outlook.plan
        [planned] = [each for each in plan.units if each.unit.name == choice.name]
        base = _base(choice, planned)
        if keyed:
            _insist_on_planned(base, planned)
        yield _Found(fleet=fleet, wanted=wanted, planned=_to_build(planned), base=base)


def _to_build(planned: PlannedUnit) -> PlannedUnit:
    """The unit built and smoked whatever the registry has: it is asked for by name."""
    because = "asked for by name"
    smoke = all_run(planned, because)
    return replace(planned, decision="build", because=because, digest="", smoke=smoke)


def _base(choice: Choice, planned: PlannedUnit) -> str:
    if choice.base:
        reference = parse_reference(choice.base)
        if not reference.digest:
            raise UsageError(
                f"{choice.base} names no digest",
                where="--base",
                consequence="what it means may change from one run to the next",
                next_step="give REPOSITORY@sha256:…",
            )
        return str(reference)
    if not planned.base_reference:
        raise UsageError(
            f"{planned.unit.base} is in no registry as its sources are now",
            where=f"{choice.kind} --name {choice.name}",
            consequence=f"{choice.name} has nothing to stand on",
            next_step="run `build-all --candidates` first, or give --base REPOSITORY@sha256:…",
        )
    return planned.base_reference


def _insist_on_planned(base: str, planned: PlannedUnit) -> None:
    digest = base.partition("@")[2]
    if digest != planned.base_reference.partition("@")[2]:
        raise UsageError(
            f"{base} is not what {planned.unit.name} stands on now: "
            f"{planned.base_reference or 'its base must be built first'}",
            where="--base",
            consequence="nothing is pushed: under its build key there would be another image",
            next_step="leave --base out, or only `smoke` it on that base",
        )


def _check_name(choice: Choice, fleet: Opened) -> None:
    tables = {"family": fleet.catalog.families, "image": fleet.catalog.images}
    other = "image" if choice.kind == "family" else "family"
    if choice.name in tables[other]:
        raise UsageError(
            f"{choice.name} is {'an' if other == 'image' else 'a'} {other}",
            where=f"{choice.kind} --name",
            next_step=f"use `{other} --name {choice.name}`",
        )
    if choice.name not in tables[choice.kind]:
        raise UsageError(
            f"there is no {choice.kind} {choice.name!r}; {nearest(choice.name, tables[choice.kind])}",
            where=f"{choice.kind} --name",
            consequence="nothing is built",
            next_step="use a name of the catalog",
        )
    family = fleet.catalog.families.get(choice.name)
    if family and not family.is_built:
        raise CatalogError(
            "it is given by tag or digest: there is nothing to build",
            where=choice.name,
            next_step="give it a dockerfile in the catalog if the fleet is to build it",
        )


def _narrowed(planned: PlannedUnit, service: str) -> PlannedUnit:
    """The unit with this service only. Raises UsageError for one that it does not have."""
    if not service:
        return planned
    names = [each.name for each in planned.unit.services]
    if service not in names:
        raise UsageError(
            f"{planned.unit.name} has no service {service!r}",
            where="--service",
            next_step=f"use one of: {', '.join(names) or 'none'}",
        )
    chosen = tuple(each for each in planned.unit.services if each.name == service)
    return replace(
        planned,
        unit=replace(planned.unit, services=chosen),
        smoke=tuple(each for each in planned.smoke if each.service == service),
    )
