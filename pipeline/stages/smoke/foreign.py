"""What an engine cannot run because it is for another platform: skipped, or told with what helps."""

from collections.abc import Sequence

from pipeline.catalog.platforms import normalised, pick_native
from pipeline.planning.units import Unit
from pipeline.reporting.model import Check, Failure, ServiceRun, UnitRun, Verdict
from pipeline.stages.hints import FORMAT, is_of_another_format
from pipeline.stages.platforms import native_platform
from pipeline.stages.smoke.stand import Smoked

_CHECK = "platform "


def untested(unit: Unit, native: str) -> tuple[Check, ...]:
    """One skipped check for each platform of a unit that a test on ``native`` says nothing about."""
    tested = pick_native(unit.platforms, native)
    return tuple(
        Check(name=f"{_CHECK}{each}", verdict=Verdict.SKIPPED, detail=f"not native: tested on {tested}")
        for each in unit.platforms
        if each != tested
    )


def remarks_on(units: Sequence[UnitRun]) -> list[str]:
    """A line for each platform that smoke tests were skipped for, and why."""
    told: dict[tuple[str, str], set[str]] = {}
    for unit in units:
        for check in (check for service in unit.services for check in service.checks):
            if check.verdict is Verdict.SKIPPED and check.name.startswith(_CHECK):
                told.setdefault((check.name.removeprefix(_CHECK), check.detail), set()).add(unit.name)
    return [
        f"{platform} was not smoke-tested in {len(names)} of {len(units)} families and images ({detail})"
        for (platform, detail), names in told.items()
    ]


async def unless_foreign(smoked: Smoked, platform: str) -> Smoked:
    """The same, or skipped where an engine that is not of this platform could not run the image at all."""
    if smoked.failure is None or not _is_about_format(smoked.failure):
        return smoked
    native = await native_platform()
    if native == normalised(platform):
        return smoked
    detail = f"not native: this engine is {native}, and does not emulate {platform}"
    check = Check(name=f"{_CHECK}{platform}", verdict=Verdict.SKIPPED, detail=detail)
    run = ServiceRun(name=smoked.run.name, verdict=Verdict.SKIPPED, checks=(check,), log=(detail,))
    return Smoked(run=run)


async def explained(failure: Failure, platform: str) -> Failure:
    """A failure of a build, with cause and next step where it is that the platform is not the engine's."""
    if not _is_about_format(failure):
        return failure
    native = await native_platform()
    if native == normalised(platform):
        return failure
    what = f"a command for {platform} cannot run: this engine is {native}, without emulation ({FORMAT})"
    architecture = platform.split("/")[1]
    hint = (
        f"docker run --privileged --rm tonistiigi/binfmt --install {architecture}, where the engine runs; "
        f"or build where {platform} is native; or take it out of `platforms`"
    )
    return failure.model_copy(update={"what": what, "hint": hint})


def _is_about_format(failure: Failure) -> bool:
    return any(is_of_another_format(line) for line in (failure.what, *failure.log))
