"""The size of what a unit was pushed as, and the budget that it is held against."""

from collections.abc import Sequence

from pipeline.catalog.sizes import show_size
from pipeline.reporting.model import Check, Layer, ServiceRun, Verdict
from pipeline.stages.candidate import Candidate
from pipeline.stages.failures import block
from pipeline.stages.layers import layers_of
from pipeline.stages.passage import Passage
from pipeline.stages.smoke.checks import fix_of


async def held_against_size(
    passage: Passage, candidate: Candidate | None, services: tuple[ServiceRun, ...]
) -> tuple[ServiceRun, ...]:
    """The services, the last one with the check of the image's size where the catalog has a budget for it.

    A registry knows the size; so it is only held against the budget once the candidate is pushed. It has no
    evidence then, and without that nothing is released.
    """
    unit = passage.planned.unit
    allowed = unit.promises.max_size
    if not allowed or not services or services[-1].verdict is not Verdict.PASSED:
        return services
    size = max([total(await candidate_layers(passage, candidate, each)) for each in unit.platforms])
    detail = f"{show_size(size)} of {show_size(allowed)}" if size else "known once it is pushed"
    verdict = Verdict.SKIPPED if not size else Verdict.PASSED if size <= allowed else Verdict.FAILED
    checks = (*services[-1].checks, Check(name="image size", verdict=verdict, detail=detail))
    last = services[-1].model_copy(update={"checks": checks})
    if verdict is Verdict.FAILED:
        what = f"its compressed layers have {show_size(size)}; the catalog allows {show_size(allowed)}"
        failure = block(passage.scene("smoke", last.name), what, hint=fix_of("image size"))
        last = last.model_copy(update={"verdict": verdict, "failure": failure})
    return (*services[:-1], last)


async def candidate_layers(passage: Passage, candidate: Candidate | None, platform: str) -> tuple[Layer, ...]:
    """What was pushed for a platform; nothing where nothing was, or the registry does not say."""
    if candidate is None:
        return ()
    return await layers_of(passage.site.ask, candidate.repository, candidate.digest, platform=platform)


def total(layers: Sequence[Layer]) -> int:
    """Compressed bytes."""
    return sum(layer.size for layer in layers)
