"""What is known of one unit on its way."""

import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass, field

from pipeline.catalog.platforms import pick_native
from pipeline.planning.plan import PlannedUnit
from pipeline.planning.units import Unit
from pipeline.reporting.model import Stage
from pipeline.stages.blame import NOWHERE
from pipeline.stages.failures import Scene
from pipeline.stages.site import Site

log = logging.getLogger("pipeline")


@dataclass(kw_only=True)
class Passage:
    """What is known of one unit so far; ``failed_for`` is the platform for which its build failed first."""

    site: Site
    planned: PlannedUnit
    base: str
    needed: bool
    stages: list[Stage] = field(default_factory=list[Stage])
    failed_for: str = ""

    @property
    def platform(self) -> str:
        """The one that is tested: the engine's, or where the unit is for others the first of them."""
        return pick_native(self.planned.unit.platforms, self.site.wanted.native)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and tell the log about it."""
        start = time.monotonic()
        self.tell(name, "started")
        try:
            yield
        finally:
            self.stages.append(self.site.stage(name, start))
            self.tell(name, "ended", seconds=self.stages[-1].seconds)

    def seconds(self, *names: str) -> float:
        """How long these stages have taken so far."""
        return sum(each.seconds for each in self.stages if each.name in names)

    @asynccontextmanager
    async def place(
        self, places: AbstractAsyncContextManager[object], *, free: bool, service: str = ""
    ) -> AsyncIterator[float]:
        """A place among those that work at once, of which one is ``free`` now or has to be waited for.

        Answers the seconds that it was waited for.
        """
        start = time.monotonic()
        async with AsyncExitStack() as taken:
            with nullcontext() if free else waiting(self._told_as(service), "a place (--jobs, --memory)"):
                await taken.enter_async_context(places)
            yield time.monotonic() - start

    def queued(self, seconds: float) -> None:
        """Note that the unit waited for a place, until now; a hundredth of a second is no wait."""
        if seconds >= 0.01:
            self.stages.append(self.site.stage("queue", time.monotonic() - seconds))

    def tell(self, stage: str, status: str, *, service: str = "", seconds: float = 0.0) -> None:
        """One line of the log for one change; who shows it finds its parts in the record."""
        about = {"unit": self._told_as(service), "stage": stage, "status": status, "seconds": seconds}
        log.info(status, extra=about)

    def _told_as(self, service: str) -> str:
        return f"{self.planned.unit.name}/{service}" if service else self.planned.unit.name

    def scene(self, stage: str, service: str = "") -> Scene:
        """What a failure here is about, with the line that repeats it."""
        unit, site = self.planned.unit, self.site
        gpu = site.wanted.hardware == "gpu"
        again = repeating(unit, self.base, stage, service=service, gpu=gpu)
        return Scene(
            subject=unit.name,
            service=service,
            stage=stage,
            reproduce=(*site.flags, *(site.again or again)),
            secrets=site.access.secrets,
            spot=site.spots.of_service(unit, service) if stage == "smoke" else NOWHERE,
            platform=self._told(stage) if unit.several else "",
        )

    def _told(self, stage: str) -> str:
        """The platform that a failure is about; a push is about all of them."""
        return "" if stage == "candidate" else self.failed_for or self.platform


@contextmanager
def waiting(unit: str, reason: str) -> Iterator[None]:
    """Tell the log what a unit or ``UNIT/SERVICE`` waits for, and when it does no more."""
    log.info("waits for %s", reason, extra={"unit": unit, "stage": "wait", "status": "waiting"})
    try:
        yield
    finally:
        log.info("ended", extra={"unit": unit, "stage": "wait", "status": "ended"})


def repeating(unit: Unit, base: str, stage: str, *, service: str = "", gpu: bool = False) -> tuple[str, ...]:
    """What calls just what failed: a push needs all of a unit, and takes no flag of its smoke tests."""
    head = (unit.kind, "--name", unit.name, "--base", base)
    if stage == "candidate":
        return (*head, "candidate")
    chosen = ("--service", service) if service and unit.kind == "image" else ()
    return (*head, "smoke", *(("--gpu",) if gpu else ()), *chosen)
