"""Looks ahead: the plan of a fleet, made from what the registries say now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.plan import Circumstances, Known, Plan, make_plan, wanted_evidence
from pipeline.planning.shards import FAMILIES, pick_shard
from pipeline.planning.units import Inherited, Survey
from pipeline.registry.documents.evidence import Evidence
from pipeline.registry.documents.record import Released
from pipeline.stages.platforms import demand_platforms, native_where_needed
from pipeline.stages.questions import (
    candidates_of,
    digests_of,
    evidence_of,
    inherited_of,
    last_builds,
    with_root,
)
from pipeline.stages.request import Opened
from pipeline.stages.smoke.probe import probe_version


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A plan and what it was made from.

    Parameters
    ----------
    wanted:
        What the plan was asked for, with the engine's platform where that matters.
    needed:
        Names of the units on which something stands that is built, here or on another machine: they must be
        where an engine can pull.
    digests:
        ``str(reference)`` of every base that is not built -> digest.
    found_in:
        Unit name -> repository in which its candidate was found.
    evidence:
        Test key -> the passed smoke test that was found under it.
    """

    survey: Survey
    wanted: Circumstances
    plan: Plan
    needed: frozenset[str]
    digests: Mapping[str, str]
    found_in: Mapping[str, str]
    evidence: Mapping[str, Evidence]


def circumstances(*, gpu: bool = False, rebuild: bool = False, fresh: bool = False) -> Circumstances:
    """What flags of these names mean for a plan, with the probe that is used."""
    return Circumstances(
        probe_version=probe_version(), hardware="gpu" if gpu else "cpu", rebuild=rebuild, fresh=fresh
    )


async def look_ahead(
    fleet: Opened, wanted: Circumstances, *, only: Sequence[str] = (), shard: str = ""
) -> Outlook:
    """Plan a fleet from what the registries say now.

    ``only`` names families and images, ``shard`` is a part of them; empty for all. Raises CatalogError,
    UsageError, and RegistryError where a base cannot be resolved.
    """
    ask = fleet.ask
    found, digests = await _surveyed(fleet, only=only, shard=shard)
    wanted = replace(wanted, native=await native_where_needed(fleet.catalog))
    await demand_platforms(found, digests, ask)
    keys = build_keys(found, fleet.sources, digests)
    places = {} if wanted.rebuild else await candidates_of(found, keys, fleet.access, ask)
    candidates = {keys[name].hex: digest for name, (_, digest) in places.items()}
    tests = wanted_evidence(found, keys, candidates, wanted=wanted)
    evidence = await evidence_of(tests, places, ask, trust=fleet.access.trust)
    last = await last_builds([unit for unit in found.units if unit.name not in places], ask)
    known = Known(
        candidates=candidates,
        digests=digests,
        last_inputs={name: build.inputs for name, build in last.items()},
        last_seconds={name: build.seconds for name, build in last.items()},
        evidence=evidence,
    )
    plan = make_plan(found, keys, known=known, wanted=wanted)
    return Outlook(
        survey=found,
        wanted=wanted,
        plan=plan,
        needed=_needed(plan, shard),
        digests=digests,
        found_in={name: place for name, (place, _) in places.items()},
        evidence=evidence,
    )


async def _surveyed(fleet: Opened, *, only: Sequence[str], shard: str) -> tuple[Survey, dict[str, str]]:
    """The units, and the digest of all that is not built: what a base passes on is known with that."""
    found = await with_root(fleet.catalog, _chosen(fleet, only=only, shard=shard), fleet.ask)
    digests = await digests_of(found, fleet.ask)
    inherited = await inherited_of(fleet, found.published, digests)
    if not inherited:
        return found, digests
    chosen = _chosen(fleet, only=only, shard=shard, inherited=inherited)
    found = replace(chosen, published=found.published)
    return found, await digests_of(found, fleet.ask, known=digests)


def given_families(outlook: Outlook) -> tuple[Released, ...]:
    """The families that the catalog gives by tag or digest, as a release names them; not the root image."""
    return tuple(
        Released(
            kind="family",
            name=base.name,
            repository=base.reference.name,
            digest=outlook.digests[str(base.reference)],
        )
        for base in outlook.survey.published
        if not base.is_root
    )


def _needed(plan: Plan, shard: str) -> frozenset[str]:
    if shard == FAMILIES:  # what stands on them is in the shards after it
        return frozenset(planned.unit.name for planned in plan.units)
    return frozenset(planned.unit.base for planned in plan.units if planned.decision == "build")


def outline(fleet: Opened, wanted: Circumstances, *, only: Sequence[str] = ()) -> Plan:
    """The plan's units without asking anybody: for formats that show neither digests nor decisions."""
    found = _chosen(fleet, only=only)
    references = [*(str(base.reference) for base in found.published), *found.external]
    digests = dict.fromkeys(references, "sha256:" + "0" * 64)
    keys = build_keys(found, fleet.sources, digests)
    return make_plan(found, keys, known=Known(digests=digests), wanted=wanted)


def _chosen(
    fleet: Opened,
    *,
    only: Sequence[str],
    shard: str = "",
    inherited: Mapping[str, Inherited] | None = None,
) -> Survey:
    found = survey(fleet.catalog, fleet.sources, fleet.access.names, only, inherited=inherited)
    return pick_shard(found, shard) if shard else found
