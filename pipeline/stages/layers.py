"""The layers of images in a registry, for the run model: they only inform."""

from pipeline.errors import PipelineError
from pipeline.planning.units import Published
from pipeline.reporting.model import Base, Layer
from pipeline.stages.access import Registries
from pipeline.stages.lookup import Outlook
from pipeline.together import together


async def layers_of(ask: Registries, repository: str, digest: str, *, platform: str) -> tuple[Layer, ...]:
    """Digests and sizes; none where the registry does not say: that is no failure."""
    try:
        registry = await ask.of(repository)
        found = await registry.layers(repository, digest, platform=platform)
    except PipelineError:
        return ()
    return tuple(Layer(digest=layer.digest, size=layer.size) for layer in found)


async def layered_bases(ask: Registries, outlook: Outlook, *, platform: str) -> tuple[Base, ...]:
    """The bases that are not built, with their layers: one question for each."""

    async def look(base: Published) -> Base:
        repository, digest = base.reference.name, outlook.digests[str(base.reference)]
        layers = await layers_of(ask, repository, digest, platform=platform)
        return Base(name=base.name, reference=f"{repository}@{digest}", layers=layers)

    return tuple(await together(outlook.survey.published, look))
