"""Questions to the registries, for a plan: digests, what bases pass on, candidates, evidence, last builds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.catalog.model import Catalog
from pipeline.catalog.references import Reference, parse_reference
from pipeline.errors import RegistryError
from pipeline.planning.keys import BuildKey
from pipeline.planning.running import passed_on
from pipeline.planning.units import Inherited, Published, Survey, Unit
from pipeline.registry.documents.candidates import LastBuild, find_candidate, last_build
from pipeline.registry.documents.evidence import Evidence, find_evidence
from pipeline.registry.documents.signing import Trust
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.images import running_config
from pipeline.stages.access import Access, Registries
from pipeline.stages.request import Opened
from pipeline.together import together


async def with_root(catalog: Catalog, found: Survey, ask: Registries) -> Survey:
    """The survey with the root image's source in its place where the registry does not have it."""

    async def settle(base: Published) -> Published:
        if not base.is_root or await _digest(base.reference, ask):
            return base
        return replace(base, reference=parse_reference(catalog.root.source).tagged())

    return replace(found, published=tuple(await together(found.published, settle)))


async def _digest(reference: Reference, ask: Registries) -> str | None:
    registry = await ask.of(reference.name)
    return await registry.resolve(reference.name, reference.digest or reference.tag)


async def digests_of(
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


async def inherited_of(
    fleet: Opened, bases: Sequence[Published], digests: Mapping[str, str]
) -> dict[str, Inherited]:
    """Base -> what it passes on, where it does; what an ONBUILD copies is a part of what stands on it.

    NB: only the fleet's own registries are asked: elsewhere (Docker Hub) each such question counts as a pull.
    """

    async def look(base: Published) -> tuple[str, Inherited]:
        name, digest = base.reference.name, digests[str(base.reference)]
        return base.name, passed_on(await running_config(await fleet.ask.of(name), name, digest))

    own = [base for base in bases if base.reference.registry in fleet.access.hosts]
    return {name: found for name, found in await together(own, look) if found != Inherited()}


async def candidates_of(
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


async def last_builds(units: Sequence[Unit], ask: Registries) -> dict[str, LastBuild]:
    """Unit name -> what was built of it last, for those of which anything was."""

    async def look(unit: Unit) -> tuple[str, LastBuild | None]:
        try:
            return unit.name, await last_build(await ask.of(unit.repository), unit.repository)
        except DeniedError:
            return unit.name, None

    return {name: build for name, build in await together(units, look) if build is not None}


async def evidence_of(
    tests: Mapping[str, Sequence[str]],
    places: Mapping[str, tuple[str, str]],
    ask: Registries,
    *,
    trust: Trust | None,
) -> dict[str, Evidence]:
    """Test key -> its evidence, for those of ``tests`` (unit name -> test keys) that have any.

    ``places`` are repository and digest of each unit's candidate; ``trust`` says whose evidence counts.
    """

    async def look(question: tuple[str, str, str]) -> Evidence | None:
        repository, digest, test_key = question
        registry = await ask.of(repository)
        return await find_evidence(registry, repository, test_key, digest, trust=trust)

    questions = [(*places[name], test_key) for name, keys in tests.items() for test_key in keys]
    return {each.test_key: each for each in await together(questions, look) if each is not None}
