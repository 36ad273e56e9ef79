"""Whether what a record lists may get a name: it is there, it is the candidate, it was tested."""

from collections.abc import Iterable, Mapping

from pipeline.errors import ReleaseError
from pipeline.registry.documents.candidates import find_candidate
from pipeline.registry.documents.evidence import find_evidence
from pipeline.registry.documents.record import Released
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import Manifest
from pipeline.together import together

_TEST_FIRST = "run build-all --candidates: it builds and tests what is missing"


async def demand_fit(registry: Registry, units: Iterable[Released]) -> Mapping[str, Manifest]:
    """The manifest of every unit by its repository.

    Raises ReleaseError for digests that are not in the registry or not the candidates of their build keys,
    and for smoke tests without evidence: all that is missing, at once.
    """
    found = await together(units, lambda unit: _inspect(registry, unit))
    problems = [problem for _, _, problem in found if problem]
    if problems:
        raise ReleaseError("; ".join(problems), consequence="no name was given", next_step=_TEST_FIRST)
    return {repository: manifest for repository, manifest, _ in found if manifest is not None}


async def _inspect(registry: Registry, unit: Released) -> tuple[str, Manifest | None, str]:
    manifest = await registry.manifest(unit.repository, unit.digest)
    return unit.repository, manifest, await _problem(registry, unit, manifest)


async def _problem(registry: Registry, unit: Released, manifest: Manifest | None) -> str:
    """Why a unit cannot be released; empty when it can."""
    if manifest is None:
        return f"{registry.name(unit.repository, unit.digest)} is not in the registry"
    if not unit.build_key:
        return ""
    candidate = await find_candidate(registry, unit.repository, unit.build_key)
    if candidate != unit.digest:
        found = candidate or "nothing"
        return f"{unit.name}: the candidate of build key {unit.build_key[:12]}… is {found}, not {unit.digest}"
    for service, key in unit.evidence.items():
        if await find_evidence(registry, unit.repository, key, unit.digest) is None:
            return f"{unit.name}: there is no evidence that {service} passed its smoke test on {unit.digest}"
    return ""
