"""A whole run: catalog, plan, lint, graph; and the release that follows one."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio

from pipeline.catalog.mistakes import InvalidCatalogError
from pipeline.catalog.tags import check_release_tag
from pipeline.checks.lint import catalog_findings, lint
from pipeline.errors import PipelineError, ReleaseError, UsageError
from pipeline.planning.plan import Circumstances
from pipeline.registry.record import Facts, Released
from pipeline.registry.records import demand_record
from pipeline.registry.release import Timing, release
from pipeline.registry.seals import seal
from pipeline.reporting.model import Finding, Run, UnitRun, Verdict
from pipeline.stages.failures import scrub
from pipeline.stages.graph import needed_bases, run_graph
from pipeline.stages.lookup import Outlook, look_ahead
from pipeline.stages.request import Opened, Request, opened
from pipeline.stages.unit import Site
from pipeline.stages.verdict import probe_version

_UNREAD = "fleet"  # the name in a summary where fleet.toml could not be read


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a run is asked to do; the names are those of the flags."""

    function: str = "build-all"
    only: tuple[str, ...] = ()
    shard: str = ""
    fail_fast: bool = False
    fresh: bool = False
    rebuild: bool = False
    candidates: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """The flags as they would be typed."""
        switches = [f"--{name.replace('_', '-')}" for name in ("fail_fast", "fresh", "rebuild", "candidates")]
        given = (self.fail_fast, self.fresh, self.rebuild, self.candidates)
        words = [switch for switch, on in zip(switches, given, strict=True) if on]
        if self.only:
            words += ["--only", ",".join(self.only)]
        return (*words, *(("--shard", self.shard) if self.shard else ()))

    @property
    def circumstances(self) -> Circumstances:
        """The same in the plan's words."""
        return Circumstances(probe_version=probe_version(), rebuild=self.rebuild, fresh=self.fresh)


async def run_fleet(request: Request, wishes: Wishes) -> Run:
    """Plan, lint, build, smoke, push: the run model, whatever went wrong with the fleet."""
    started, began = datetime.now(UTC), time.monotonic()
    name = _UNREAD
    try:
        async with opened(request) as fleet:
            name = fleet.catalog.fleet.name
            units, findings, _ = await _carry_out(fleet, wishes, began)
            return _run(fleet, wishes, started, began, units=units, findings=findings)
    except PipelineError as error:
        return _stillborn(wishes, started, began, error, name=name)


async def release_fleet(
    request: Request, wishes: Wishes, *, tag: str, commit: str, commit_date: str, settle: float
) -> Run:
    """Make every candidate that is missing, then give all of them the tag, then write the record.

    ``settle`` is by how many seconds the registry's reads may lag behind its writes. Raises ReleaseError
    before anything is built for a tag that does not fit commit and date.
    """
    started, began = datetime.now(UTC), time.monotonic()
    check_release_tag(tag, commit=commit, commit_date=commit_date)
    timing = Timing(settle=_positive(settle))
    name = _UNREAD
    try:
        async with opened(request) as fleet:
            name = fleet.catalog.fleet.name
            units, findings, outlook = await _carry_out(fleet, wishes, began)
            run = _run(fleet, wishes, started, began, units=units, findings=findings)
            if run.verdict is Verdict.PASSED and outlook:
                facts = Facts(fleet=fleet.catalog.fleet.name, commit=commit, commit_date=commit_date)
                repository = fleet.access.names.release
                registry = await fleet.ask.of(repository)
                released = _released(units, outlook)
                names = await release(
                    registry, repository, tag, released, facts, timing=timing, report=fleet.remarks.append
                )
                await _sign(fleet, tag)
                run = run.model_copy(update={"names": names, "remarks": _remarks(fleet)})
            return run.model_copy(
                update={"tag": tag, "commit": commit, "seconds": round(time.monotonic() - began, 2)}
            )
    except ReleaseError:
        raise
    except PipelineError as error:
        return _stillborn(wishes, started, began, error, name=name)


async def _sign(fleet: Opened, tag: str) -> None:
    """Sign the record of a release, where there is a key."""
    repository = fleet.access.names.release
    registry = await fleet.ask.of(repository)
    if fleet.access.signer is not None:
        filed = await demand_record(registry, repository, tag)
        await seal(registry, repository, tag=tag, digest=filed.digest, signer=fleet.access.signer)


def _positive(settle: float) -> float:
    if not 0 < settle < 3600:
        raise UsageError(
            f"{settle:g} seconds is no settle time",
            where="--settle",
            consequence="nothing is released",
            next_step="give more seconds than the registry's reads lag behind its writes",
        )
    return settle


async def _carry_out(
    fleet: Opened, wishes: Wishes, began: float
) -> tuple[tuple[UnitRun, ...], tuple[Finding, ...], Outlook | None]:
    """Units, findings and plan; no units where lint found an error."""
    findings = lint(fleet.catalog, fleet.root)
    if any(finding.severity == "error" for finding in findings):
        return (), findings, None
    await fleet.access.announce()
    outlook = await look_ahead(
        fleet.catalog,
        fleet.root,
        fleet.access,
        fleet.ask,
        only=wishes.only,
        shard=wishes.shard,
        wanted=wishes.circumstances,
    )
    _check_places(fleet, outlook, wishes)
    units = await run_graph(outlook, _site(fleet, wishes, began), fail_fast=wishes.fail_fast)
    return units, findings, outlook


def _site(fleet: Opened, wishes: Wishes, began: float) -> Site:
    return Site(
        source=fleet.request.source,
        access=fleet.access,
        ask=fleet.ask,
        wanted=wishes.circumstances,
        candidates=wishes.candidates,
        fresh=secrets.token_hex(4) if wishes.fresh else "",
        builds=anyio.CapacityLimiter(fleet.request.jobs),
        smokes=anyio.CapacityLimiter(fleet.request.jobs),
        flags=fleet.request.flags,
        began=began,
    )


def _check_places(fleet: Opened, outlook: Outlook, wishes: Wishes) -> None:
    """A family that must be built must also go where an engine can pull it for its children."""
    needed = needed_bases(outlook.plan.units)
    homeless = [
        planned.unit.name
        for planned in outlook.plan.units
        if planned.decision == "build" and planned.unit.name in needed
    ]
    if homeless and not wishes.candidates and not fleet.access.scratch:
        raise UsageError(
            f"{', '.join(homeless)} must be built and pushed, so that what stands on it can be built",
            where="build-all",
            consequence="nothing was built",
            next_step="add --candidates to push what passes to the fleet's registry, or --scratch-registry "
            "HOST/PREFIX (before the function's name) to push only such families, elsewhere",
        )


def _run(
    fleet: Opened,
    wishes: Wishes,
    started: datetime,
    began: float,
    *,
    units: tuple[UnitRun, ...],
    findings: tuple[Finding, ...],
) -> Run:
    bad = any(unit.verdict in (Verdict.FAILED, Verdict.CANCELLED) for unit in units)
    bad = bad or any(finding.severity == "error" for finding in findings)
    return Run(
        fleet=fleet.catalog.fleet.name,
        function=wishes.function,
        arguments=wishes.arguments,
        registry=fleet.access.names.registry,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 2),
        verdict=Verdict.FAILED if bad else _overall(units),
        findings=findings,
        units=units,
        remarks=_remarks(fleet),
    )


def _remarks(fleet: Opened) -> tuple[str, ...]:
    """What is worth a line, each once, without secrets."""
    return tuple(scrub(remark, fleet.access.secrets) for remark in dict.fromkeys(fleet.remarks))


def _overall(units: Sequence[UnitRun]) -> Verdict:
    """NB: what was skipped (no GPU) is not passed, but does not make a run fail either."""
    return Verdict.SKIPPED if units and {u.verdict for u in units} == {Verdict.SKIPPED} else Verdict.PASSED


def _stillborn(wishes: Wishes, started: datetime, began: float, error: PipelineError, *, name: str) -> Run:
    """The run model of a run that came to an end before its first unit."""
    findings = catalog_findings(error) if isinstance(error, InvalidCatalogError) else (_finding(error),)
    return Run(
        fleet=name,
        function=wishes.function,
        arguments=wishes.arguments,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 2),
        verdict=Verdict.FAILED,
        findings=findings,
    )


def _finding(error: PipelineError) -> Finding:
    return Finding(
        rule=type(error).__name__.removesuffix("Error").lower(),
        severity="error",
        subject=error.where,
        message=error.what,
        consequence=error.consequence,
        fix=error.next_step,
    )


def _released(units: Sequence[UnitRun], outlook: Outlook) -> tuple[Released, ...]:
    """What a release consists of: every unit, and the families that were published elsewhere."""
    own = [
        Released(
            kind=unit.kind,
            name=unit.name,
            repository=unit.reference.partition("@")[0],
            digest=unit.digest,
            build_key=unit.build_key,
            evidence={service.name: service.test_key for service in unit.services if service.test_key},
        )
        for unit in units
    ]
    given = [
        Released(
            kind="family",
            name=base.name,
            repository=base.reference.name,
            digest=outlook.digests[str(base.reference)],
        )
        for base in outlook.survey.published
        if base.name in outlook.given_families
    ]
    return (*given, *own)
