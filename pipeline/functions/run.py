"""A whole run: catalog, plan, lint, graph; and the release that follows one."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import dagger

from pipeline.catalog.platform_choice import fleet_platforms
from pipeline.catalog.platforms import pick_native
from pipeline.catalog.tags import check_release_tag
from pipeline.checks.lint import lint
from pipeline.errors import PipelineError, UsageError
from pipeline.functions.account import Account
from pipeline.functions.previous import previous_release
from pipeline.functions.rights import demand_rights
from pipeline.functions.settle import settling
from pipeline.registry.documents.record import Facts, Released
from pipeline.registry.documents.records import demand_record
from pipeline.registry.documents.seals import seal
from pipeline.registry.tag_phase.release import release
from pipeline.reporting.model import Run, UnitRun, Verdict
from pipeline.stages.graph import run_graph
from pipeline.stages.layers import layered_bases
from pipeline.stages.lookup import Outlook, circumstances, given_families, look_ahead
from pipeline.stages.request import Opened, Request, opened
from pipeline.stages.site import site_of
from pipeline.stages.smoke.foreign import remarks_on
from pipeline.together import together

log = logging.getLogger("pipeline")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a run is asked to do; the names are those of the flags.

    ``commit`` and ``folder`` (of the fleet in its repository) are only recorded.
    """

    function: str = "build-all"
    only: tuple[str, ...] = ()
    shard: str = ""
    fail_fast: bool = False
    fresh: bool = False
    rebuild: bool = False
    gpu: bool = False
    candidates: bool = False
    commit: str = ""
    folder: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The flags as they would be typed."""
        switches = [
            f"--{name.replace('_', '-')}" for name in ("fail_fast", "fresh", "rebuild", "gpu", "candidates")
        ]
        given = (self.fail_fast, self.fresh, self.rebuild, self.gpu, self.candidates)
        words = [switch for switch, on in zip(switches, given, strict=True) if on]
        if self.only:
            words += ["--only", ",".join(self.only)]
        return (*words, *(("--shard", self.shard) if self.shard else ()))


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What a release gives its name by.

    ``commit_date`` is ISO 8601, or empty: not compared; ``settle`` is by how many seconds the registry's
    reads may lag behind its writes.
    """

    tag: str
    commit: str
    commit_date: str = ""
    settle: float = 3.0

    @property
    def arguments(self) -> tuple[str, ...]:
        """The flags as they would be typed."""
        dated = ("--commit-date", self.commit_date) if self.commit_date else ()
        return ("--tag", self.tag, "--commit", self.commit, *dated)


async def run_fleet(request: Request, wishes: Wishes, naming: Naming | None = None) -> Run:
    """Plan, lint, build, smoke, push: the run model, whatever went wrong with the fleet.

    With ``naming`` all of what passed gets a release's tag, and then the record is written; nothing is built
    for a tag that does not fit commit and date.
    """
    account = Account(
        request=request,
        function=wishes.function,
        arguments=_arguments(wishes, naming),
        tag=naming.tag if naming else "",
        commit=naming.commit if naming else wishes.commit,
        folder=wishes.folder,
    )
    try:
        await _work(account, wishes, naming)
    except (PipelineError, dagger.QueryError) as error:
        account.fail(error)
    run = account.close()
    # Who called may want to keep it, whatever the function that was called makes of it.
    log.info("%s ended: %s", run.function, run.verdict, extra={"run": run})
    return run


def _arguments(wishes: Wishes, naming: Naming | None) -> tuple[str, ...]:
    if naming and wishes.function == "release":  # what it does to candidates is not for its caller to say
        return naming.arguments
    return (*wishes.arguments, *(naming.arguments if naming else ()))


async def _work(account: Account, wishes: Wishes, naming: Naming | None) -> None:
    if naming:
        check_release_tag(naming.tag, commit=naming.commit, commit_date=naming.commit_date)
        settling(naming.settle)
    async with opened(account.request) as fleet:
        account.fleet = fleet
        account.findings = lint(fleet.catalog, fleet.sources)
        if account.verdict is Verdict.FAILED:
            return
        await fleet.access.announce()
        outlook = await _look(fleet, wishes, names=naming is not None)
        account.stages += (account.stage("plan", 0.0),)
        async with site_of(
            fleet,
            outlook.wanted,
            began=account.began,
            builds=fleet.request.jobs,
            units=[planned.unit.name for planned in outlook.plan.units],
            candidates=wishes.candidates,
            fresh=secrets.token_hex(4) if wishes.fresh else "",
            evidence=outlook.evidence,
        ) as site:
            account.units = await run_graph(outlook, site, fail_fast=wishes.fail_fast)
            await _look_around(account, fleet, outlook)
        fleet.remarks.extend(remarks_on(account.units))
        if naming and account.verdict is not Verdict.FAILED:
            start = account.seconds
            account.names = await _name(fleet, _released(account.units, outlook), naming)
            account.stages += (account.stage("release", start),)


async def _look_around(account: Account, fleet: Opened, outlook: Outlook) -> None:
    """What the run is compared with, all asked at once: it only informs."""
    native = outlook.wanted.native

    async def bases() -> None:
        platform = pick_native(fleet_platforms(fleet.catalog.fleet), native)
        account.bases = await layered_bases(fleet.ask, outlook, platform=platform)

    async def previous() -> None:
        account.previous = await previous_release(fleet, account.units, native=native)

    await together((bases, previous), lambda ask: ask())


async def _name(fleet: Opened, released: tuple[Released, ...], naming: Naming) -> tuple[str, ...]:
    """The tag phase, and the signature on the record where there is a key."""
    facts = Facts(fleet=fleet.catalog.fleet.name, commit=naming.commit, commit_date=naming.commit_date)
    registry, repository = await fleet.records()
    timing = settling(naming.settle)
    names = await release(
        registry, repository, naming.tag, released, facts, timing=timing, report=fleet.remarks.append
    )
    if fleet.access.signer is not None:
        filed = await demand_record(registry, repository, naming.tag)
        await seal(registry, repository, tag=naming.tag, digest=filed.digest, signer=fleet.access.signer)
    return names


async def _look(fleet: Opened, wishes: Wishes, *, names: bool) -> Outlook:
    """The plan; what is to be built must have a place to be pushed to, and the right to be."""
    wanted = circumstances(gpu=wishes.gpu, rebuild=wishes.rebuild, fresh=wishes.fresh)
    outlook = await look_ahead(fleet, wanted, only=wishes.only, shard=wishes.shard)
    _check_places(fleet, outlook, wishes)
    await demand_rights(fleet, outlook, candidates=wishes.candidates, names=names)
    return outlook


def _check_places(fleet: Opened, outlook: Outlook, wishes: Wishes) -> None:
    """A family that must be built must also go where an engine can pull it for its children."""
    homeless = [
        planned.unit.name
        for planned in outlook.plan.units
        if planned.decision == "build" and planned.unit.name in outlook.needed
    ]
    if homeless and not wishes.candidates and not fleet.access.scratch:
        raise UsageError(
            f"{', '.join(homeless)} must be built and pushed, so that what stands on it can be built",
            where="build-all",
            consequence="nothing was built",
            next_step="add --candidates to push what passes to the fleet's registry, or --scratch-registry "
            "HOST/PREFIX (before the function's name) to push only such families, elsewhere",
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
    return (*given_families(outlook), *own)
