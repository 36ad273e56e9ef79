"""What is deployed when a run ends: what its images are compared with."""

from collections.abc import Mapping, Sequence

from pipeline.errors import PipelineError
from pipeline.registry.channels import read_deployed
from pipeline.registry.record import Released
from pipeline.registry.records import find_record
from pipeline.reporting.model import Before, Previous, UnitRun
from pipeline.stages.layers import layers_of
from pipeline.stages.request import Opened
from pipeline.stages.together import together

_CHANNEL = "canary"


async def previous_release(fleet: Opened, units: Sequence[UnitRun]) -> Previous | None:
    """The release on canary, None where there is none.

    It only informs: a registry that does not say is no failure. Sizes are asked for where the digest differs.
    """
    repository = fleet.access.names.release
    known = {unit.digest: unit.size for unit in units if unit.digest}
    try:
        registry = await fleet.ask.of(repository)
        entry = await read_deployed(registry, repository, _CHANNEL)
        filed = await find_record(registry, repository, entry.record) if entry else None
        if filed is None:
            return None
        own = [unit for unit in filed.record.units if unit.build_key]
        return Previous(
            tag=filed.record.tag,
            units=tuple(await together(own, lambda unit: _before(fleet, unit, known))),
        )
    except PipelineError:
        return None


async def _before(fleet: Opened, unit: Released, known: Mapping[str, int]) -> Before:
    size = known.get(unit.digest, 0)
    if not size:
        platform = fleet.catalog.fleet.platform
        layers = await layers_of(fleet.ask, unit.repository, unit.digest, platform=platform)
        size = sum(layer.size for layer in layers)
    return Before(name=unit.name, digest=unit.digest, size=size)
