"""Asks the registries what the plan must know: digests of bases, candidates, evidence, last inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.catalog.model import Catalog
from pipeline.catalog.references import Reference, parse_reference
from pipeline.errors import RegistryError
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.keys import BuildKey
from pipeline.planning.plan import Circumstances, Known, Plan, make_plan, wanted_evidence
from pipeline.planning.shards import FAMILIES, pick_shard
from pipeline.planning.units import Published, Survey, Unit
from pipeline.registry.documents.candidates import LastBuild, find_candidate, last_build
from pipeline.registry.documents.evidence import Evidence, find_evidence
from pipeline.registry.documents.record import Released
from pipeline.registry.documents.signing import Trust
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.images import onbuild_of
from pipeline.stages.access import Access, Registries
from pipeline.stages.platforms import demand_platforms, native_where_needed
from pipeline.stages.request import Opened
from pipeline.stages.smoke.probe import probe_version
from pipeline.stages.together import together


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
    catalog, ask = fleet.catalog, fleet.ask
    found = await _with_root(catalog, _chosen(fleet, only=only, shard=shard), ask)
    wanted = replace(wanted, native=await native_where_needed(catalog))
    digests = await _digests(found, ask)
    if triggers := await _triggers(fleet, found.published, digests):
        chosen = _chosen(fleet, only=only, shard=shard, triggers=triggers)
        found = replace(chosen, published=found.published)
        digests = await _digests(found, ask, known=digests)
    await demand_platforms(found, digests, ask)
    keys = build_keys(found, fleet.sources, digests)
    places = {} if wanted.rebuild else await _candidates(found, keys, fleet.access, ask)
    candidates = {keys[name].hex: digest for name, (_, digest) in places.items()}
    evidence = await _evidence(found, keys, candidates, places, ask, wanted=wanted, trust=fleet.access.trust)
    last = await _last_builds([unit for unit in found.units if unit.name not in places], ask)
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
    triggers: Mapping[str, Sequence[str]] | None = None,
) -> Survey:
    found = survey(fleet.catalog, fleet.sources, fleet.access.names, only, triggers=triggers)
    return pick_shard(found, shard) if shard else found


async def _with_root(catalog: Catalog, found: Survey, ask: Registries) -> Survey:
    """The survey with the root image's source in its place where the registry does not have it."""

    async def settle(base: Published) -> Published:
        if not base.is_root or await _digest(base.reference, ask):
            return base
        return replace(base, reference=parse_reference(catalog.root.source).tagged())

    return replace(found, published=tuple(await together(found.published, settle)))


async def _digest(reference: Reference, ask: Registries) -> str | None:
    registry = await ask.of(reference.name)
    return await registry.resolve(reference.name, reference.digest or reference.tag)


async def _digests(
    found: Survey, ask: Registries, *, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Of all that is not built here, with what is ``known`` already, in one round of questions."""
    known = known or {}
    references = [base.reference for base in found.published]
    references += [parse_reference(text) for text in found.external]

    async def resolve(reference: Reference) -> tuple[str, str]:
        digest = await _digest(reference, ask)
        if digest is None:
            raise RegistryError(
                "the registry has no such image",
                where=str(reference),
                consequence="nothing that stands on it can be planned or built",
                next_step="push it, or correct the reference in the catalog or the Dockerfile",
            )
        return str(reference), digest

    asked = [reference for reference in references if str(reference) not in known]
    return {**known, **dict(await together(asked, resolve))}


async def _triggers(
    fleet: Opened, bases: Sequence[Published], digests: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Base -> its ONBUILD instructions, where it has any: what they copy is a part of what stands on it.

    NB: only the fleet's own registries are asked: elsewhere (Docker Hub) each such question counts as a pull.
    """

    async def look(base: Published) -> tuple[str, tuple[str, ...]]:
        registry = await fleet.ask.of(base.reference.name)
        return base.name, await onbuild_of(registry, base.reference.name, digests[str(base.reference)])

    own = [base for base in bases if base.reference.registry in fleet.access.hosts]
    return {name: found for name, found in await together(own, look) if found}


async def _candidates(
    found: Survey, keys: Mapping[str, BuildKey], access: Access, ask: Registries
) -> dict[str, tuple[str, str]]:
    """Unit name -> repository and digest of its candidate, for those that have one."""

    async def look(unit: Unit) -> tuple[str, tuple[str, str]] | None:
        places = [unit.repository]
        if unit.kind == "family" and access.scratch:
            places.append(access.scratch_repository(unit))
        for place in places:
            digest = await candidate_in(place, keys[unit.name].hex, ask)
            if digest:
                return unit.name, (place, digest)
        return None

    return dict(filter(None, await together(found.units, look)))


async def candidate_in(repository: str, key: str, ask: Registries) -> str | None:
    """Digest of the candidate with this key; None also where the registry does not say: then it is built."""
    try:
        return await find_candidate(await ask.of(repository), repository, key)
    except DeniedError:
        return None


async def _last_builds(units: Sequence[Unit], ask: Registries) -> dict[str, LastBuild]:
    async def look(unit: Unit) -> tuple[str, LastBuild | None]:
        try:
            return unit.name, await last_build(await ask.of(unit.repository), unit.repository)
        except DeniedError:
            return unit.name, None

    return {name: build for name, build in await together(units, look) if build is not None}


async def _evidence(
    found: Survey,
    keys: Mapping[str, BuildKey],
    candidates: Mapping[str, str],
    places: Mapping[str, tuple[str, str]],
    ask: Registries,
    *,
    wanted: Circumstances,
    trust: Trust | None,
) -> Mapping[str, Evidence]:
    """What was found, by test key."""

    async def look(question: tuple[str, str, str]) -> Evidence | None:
        repository, digest, test_key = question
        registry = await ask.of(repository)
        return await find_evidence(registry, repository, test_key, digest, trust=trust)

    questions = [
        (*places[name], test_key)
        for name, test_keys in wanted_evidence(found, keys, candidates, wanted=wanted).items()
        for test_key in test_keys
    ]
    return {each.test_key: each for each in await together(questions, look) if each is not None}
