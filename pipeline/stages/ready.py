"""Makes a unit ready to be tested: its image is built or fetched, and what its tests need is there."""

import time
from collections.abc import Mapping

import dagger
from dagger import dag

from pipeline.stages.build import build
from pipeline.stages.candidate import Candidate
from pipeline.stages.passage import Passage
from pipeline.stages.smoke.probe import probe_text
from pipeline.stages.smoke.subject import Subject, inspect
from pipeline.stages.smoke.witness import beside_image
from pipeline.together import together


async def make_ready(
    passage: Passage, candidate: Candidate | None
) -> tuple[Subject, tuple[dagger.Container, ...], dagger.Service | None]:
    """What is tested, the image of each platform, and what will look at ports from beside: side by side."""
    unit, witnesses = passage.planned.unit, list[dagger.Service | None]()
    subjects: dict[str, Subject] = {}

    async def images() -> None:
        subjects.update(await _made(passage, candidate))

    async def witness() -> None:
        if any(service.inner_ports for service in unit.services):
            await passage.site.pace.clear()
            image = beside_image(unit, passage.base)
            witnesses.append(await passage.site.witnesses.of(image, platform=passage.platform))

    async def probe() -> None:
        if unit.services:
            await passage.site.scripts.of(probe_text())

    await together((images, witness, probe), lambda work: work())
    containers = tuple(subjects[each].container for each in unit.platforms if each in subjects)
    return subjects[passage.platform], containers, witnesses[0] if witnesses else None


async def _made(passage: Passage, candidate: Candidate | None) -> Mapping[str, Subject]:
    """The image of each platform, each in a place of its own; of a candidate the one that is tested."""
    name = "build" if candidate is None else "fetch"
    platforms = passage.planned.unit.platforms if candidate is None else (passage.platform,)
    begun: list[float] = []
    builds = passage.site.builds

    async def one(platform: str) -> Subject:
        if candidate is None:
            await passage.site.pace.turn()
        async with passage.place(builds, free=builds.available_tokens >= 1) as waited:
            if not begun:
                passage.queued(waited)
                passage.tell(name, "started")
            begun.append(time.monotonic())
            try:
                return await inspect(await _container(passage, candidate, platform))
            except dagger.QueryError:
                passage.failed_for = passage.failed_for or platform
                raise

    try:
        return dict(zip(platforms, await together(platforms, one), strict=True))
    finally:
        if begun:
            passage.stages.append(passage.site.stage(name, begun[0]))
            passage.tell(name, "ended", seconds=passage.stages[-1].seconds)


async def _container(passage: Passage, candidate: Candidate | None, platform: str) -> dagger.Container:
    if candidate is None:
        return await build(passage.site.source, passage.planned.unit, passage.base, platform=platform)
    container = dag.container(platform=dagger.Platform(platform))
    return passage.site.access.sign_in(container).from_(candidate.reference)
