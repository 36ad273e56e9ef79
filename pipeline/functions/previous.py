"""What is deployed when a run ends: what its images are compared with."""

from collections.abc import Mapping, Sequence

from pipeline.catalog.platform_choice import platforms_of
from pipeline.catalog.platforms import pick_native
from pipeline.errors import PipelineError
from pipeline.registry.channels import read_deployed
from pipeline.registry.documents.evidence import Evidence, find_evidence
from pipeline.registry.documents.record import Released
from pipeline.registry.documents.records import find_record
from pipeline.reporting.model import Before, Previous, ServiceBefore, UnitRun, Verdict
from pipeline.reporting.times import ready_seconds
from pipeline.stages.layers import layers_of
from pipeline.stages.request import Opened
from pipeline.together import together

_CHANNEL = "canary"


async def previous_release(fleet: Opened, units: Sequence[UnitRun], *, native: str) -> Previous | None:
    """The release on canary, None where there is none.

    It only informs: a registry that does not say is no failure. Sizes and evidence are asked for only where
    the digest differs; a run that changes nothing asks for none. Of several platforms the one counts that an
    engine of the platform ``native`` tests.
    """
    known = {unit.digest: unit.size for unit in units if unit.digest}
    ended = (Verdict.FAILED, Verdict.CANCELLED)
    compared = {unit.name for unit in units if unit.verdict not in ended}
    try:
        registry, repository = await fleet.records()
        entry = await read_deployed(registry, repository, _CHANNEL)
        filed = await find_record(registry, repository, entry.record) if entry else None
        if filed is None:
            return None
        own = [unit for unit in filed.record.units if unit.build_key]
        return Previous(
            tag=filed.record.tag,
            units=tuple(
                await together(
                    own, lambda unit: _before(fleet, unit, known, native, compared=unit.name in compared)
                )
            ),
        )
    except PipelineError:
        return None


async def _before(
    fleet: Opened, unit: Released, known: Mapping[str, int], native: str, *, compared: bool
) -> Before:
    if unit.digest in known:
        return Before(name=unit.name, digest=unit.digest, size=known[unit.digest])
    platform = pick_native(platforms_of(fleet.catalog, unit.name), native)
    layers = await layers_of(fleet.ask, unit.repository, unit.digest, platform=platform)
    evidence = await _evidence(fleet, unit) if compared else []
    tests = (
        ServiceBefore(name=each.service, ready=ready_seconds(each.checks), seconds=each.seconds)
        for each in evidence
    )
    return Before(
        name=unit.name,
        digest=unit.digest,
        size=sum(layer.size for layer in layers),
        built=max((each.build_seconds for each in evidence), default=0.0),
        tests=tuple(tests),
    )


async def _evidence(fleet: Opened, unit: Released) -> list[Evidence]:
    """NB: whoever signed it, if anybody did: its times decide nothing."""
    try:
        registry = await fleet.ask.of(unit.repository)
        found = await together(
            unit.evidence.values(),
            lambda key: find_evidence(registry, unit.repository, key, unit.digest),
        )
    except PipelineError:
        return []
    return [each for each in found if each is not None]
