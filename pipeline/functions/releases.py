"""Releases for the module: verify, diff, adopt, prune."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from pipeline.catalog.tags import check_release_tag
from pipeline.functions.channels import release_tag
from pipeline.functions.published import smoke_published
from pipeline.planning.plan import unit_test_key
from pipeline.planning.units import Unit
from pipeline.registry.adopt import adopt
from pipeline.registry.diff import Difference, diff
from pipeline.registry.documents.proof import Problem
from pipeline.registry.documents.record import Facts, Released
from pipeline.registry.documents.records import demand_record
from pipeline.registry.documents.seals import seal
from pipeline.registry.documents.signing import load_trust
from pipeline.registry.oci.client import Registry
from pipeline.registry.prune import Pruned, prune, take_stock
from pipeline.registry.reach import Removal
from pipeline.registry.verify import (
    EXIT_CODES,
    BrokenError,
    Checked,
    Expected,
    IncompleteError,
    TamperedError,
    verify,
)
from pipeline.reporting.model import UnitRun
from pipeline.reporting.releases import (
    Form,
    show_adopt,
    show_diff,
    show_document,
    show_prune,
    show_verify,
)
from pipeline.reporting.words import failures_of
from pipeline.stages.lookup import Outlook, circumstances, given_families, look_ahead
from pipeline.stages.request import Opened, Request, opened
from pipeline.together import together

_ERRORS = {"tampered": TamperedError, "incomplete": IncompleteError, "broken": BrokenError}


async def verify_release(request: Request, *, tag: str, smoke: bool, form: Form) -> str:
    """Compare a release with its record and the source; with ``smoke``, also run the smoke tests on it.

    The text is raised where something is missing (IncompleteError), is not what it should be (TamperedError)
    or does not work (BrokenError); JSON says so in ``outcome`` and ``exitCode`` and raises nothing.
    """
    async with opened(request) as fleet:
        registry, repository = await fleet.records()
        trust = load_trust(fleet.catalog.fleet.public_key)
        outlook = await look_ahead(fleet, circumstances())
        checked = await verify(registry, repository, tag, expected=_expected(outlook), trust=trust)
        units: tuple[UnitRun, ...] = ()
        if smoke and checked.filed:
            units = await smoke_published(fleet, outlook, checked.filed.record)
            checked = replace(checked, problems=(*checked.problems, *_broken(units)))
        document = _checked(checked, signed=trust is not None) | _smoked(units)
        shown = show_document(document, form, show_verify)
    if form == "text" and checked.outcome != "verified":
        raise _ERRORS[checked.outcome](shown.rstrip("\n"))
    return shown


def _broken(units: Sequence[UnitRun]) -> list[Problem]:
    return [
        Problem(
            outcome="broken", subject="/".join(filter(None, (each.subject, each.service))), what=each.what
        )
        for each in failures_of(units)
    ]


def _smoked(units: Sequence[UnitRun]) -> dict[str, Any]:
    """What the smoke tests of published images said; empty lists where they were not asked for."""
    services = [
        {"image": unit.name, "service": each.name, "verdict": str(each.verdict), "seconds": each.seconds}
        for unit in units
        for each in unit.services
    ]
    return {"smoke": services, "failures": [each.model_dump(mode="json") for each in failures_of(units)]}


def _expected(outlook: Outlook) -> dict[str, Expected]:
    return {
        planned.unit.name: Expected(
            build_key=planned.key.hex,
            platforms=planned.unit.platforms,
            labels=planned.unit.labels,
            services=tuple(service.name for service in planned.unit.services if not service.gpu),
        )
        for planned in outlook.plan.units
    }


def _checked(checked: Checked, *, signed: bool) -> dict[str, Any]:
    units = checked.filed.record.units if checked.filed else ()
    return {
        "tag": checked.tag,
        "outcome": checked.outcome,
        "exitCode": EXIT_CODES[checked.outcome],
        "record": checked.filed.digest if checked.filed else "",
        "signed": signed and checked.filed is not None,
        "units": len(units),
        "evidence": sum(len(unit.evidence) for unit in units),
        "problems": [asdict(problem) for problem in checked.problems],
    }


async def diff_releases(request: Request, *, before: str, after: str, form: Form) -> str:
    """What two releases differ in; a channel's name stands for what is deployed on it."""
    async with opened(request) as fleet:
        registry, repository = await fleet.records()
        old, new = await together((before, after), lambda name: release_tag(registry, repository, name))
        filed = await together((old, new), lambda reference: demand_record(registry, repository, reference))
        records = [each.record for each in filed]
        document = {
            "from": records[0].tag,
            "to": records[1].tag,
            "commits": [record.facts.commit for record in records],
            "units": [_difference(each) for each in diff(*records)],
        }
        return show_document(document, form, show_diff)


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "name": found.name,
        "change": found.change,
        "before": found.before.digest if found.before else "",
        "after": found.after.digest if found.after else "",
    }


async def adopt_release(request: Request, *, tag: str, commit: str, commit_date: str, form: Form) -> str:
    """Record the tags of a release that was made without a record."""
    check_release_tag(tag, commit=commit, commit_date=commit_date)
    async with opened(request) as fleet:
        registry, repository = await fleet.records()
        units = await _tagged(fleet, registry, tag)
        facts = Facts(fleet=fleet.catalog.fleet.name, commit=commit, commit_date=commit_date)
        filed, new = await adopt(registry, repository, tag, units, facts)
        if fleet.access.signer is not None:
            await seal(registry, repository, tag=tag, digest=filed.digest, signer=fleet.access.signer)
        document = {
            "tag": tag,
            "record": registry.name(repository, filed.digest),
            "new": new,
            "units": [asdict(unit) for unit in filed.record.units],
        }
        return show_document(document, form, show_adopt)


async def _tagged(fleet: Opened, registry: Registry, tag: str) -> list[Released]:
    """The fleet's units as they are named in the registry, and the families that were published elsewhere."""
    outlook = await look_ahead(fleet, circumstances())

    async def one(unit: Unit) -> Released:
        digest = await registry.resolve(unit.repository, tag) or ""
        return Released(
            kind=unit.kind,
            name=unit.name,
            repository=unit.repository,
            digest=digest,
            build_key=keys[unit.name],
            evidence={
                service.name: unit_test_key(unit, service, digest, wanted=outlook.wanted)
                for service in unit.services
            },
        )

    keys = {planned.unit.name: planned.key.hex for planned in outlook.plan.units}
    own = await together([planned.unit for planned in outlook.plan.units], one)
    return [*given_families(outlook), *own]


async def prune_registry(request: Request, *, dry_run: bool, form: Form) -> str:
    """Delete candidates and evidence that no record reaches, or only list them."""
    async with opened(request) as fleet:
        names = fleet.access.names
        registry, records = await fleet.records()
        repositories = [names.image(name) for name in fleet.catalog.images]
        families = fleet.catalog.families.values()
        repositories += [names.family(each.name) for each in families if each.is_built]
        pinned = [names.family(each.name) for each in families if not each.is_built]
        found = await take_stock(registry, records, repositories, apart=pinned)
        done = Pruned(stock=found) if dry_run else await prune(registry, records, found)
        return show_document(_pruned(done, dry_run=dry_run), form, show_prune)


def _pruned(done: Pruned, *, dry_run: bool) -> dict[str, Any]:
    def listed(removals: tuple[Removal, ...]) -> list[dict[str, Any]]:
        return [asdict(each) for each in removals]

    return {
        "dryRun": dry_run,
        "digests": len(done.stock.places),
        "removals": listed(done.stock.removals if dry_run else done.deleted),
        "refused": listed(done.refused),
        "namedSince": listed(done.named_since),
    }
