"""What the units of one run share."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import dagger

from pipeline.planning.plan import Circumstances
from pipeline.registry.documents.evidence import Evidence
from pipeline.reporting.model import Stage
from pipeline.stages.access import Access, Registries
from pipeline.stages.blame import Spots
from pipeline.stages.pace import Pace
from pipeline.stages.request import Opened
from pipeline.stages.room import Room
from pipeline.stages.scripts import Scripts
from pipeline.stages.smoke.witness import Witnesses


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the units of one run share.

    Parameters
    ----------
    source:
        The fleet's root directory.
    candidates:
        Whether what passed is pushed to the fleet's own registry.
    fresh:
        Any text; another text makes the engine run smoke tests again.
    builds, smokes:
        How many builds at once; what room there is for smoke tests.
    witnesses:
        What tries ports from another container.
    flags:
        Constructor flags that a reproduction line needs.
    spots:
        Where the fleet's files say what: for failures.
    evidence:
        Test key -> the passed smoke test that was found under it.
    again:
        What repeats a failure, where that is not the building of one unit.
    began:
        `time.monotonic` at the start of the run.
    scripts:
        Our own scripts, as files of the engine.
    pace:
        When the next build may begin.
    """

    source: dagger.Directory
    access: Access
    ask: Registries
    wanted: Circumstances
    candidates: bool
    fresh: str
    builds: anyio.CapacityLimiter
    smokes: Room
    witnesses: Witnesses
    flags: tuple[str, ...]
    spots: Spots
    evidence: Mapping[str, Evidence]
    again: tuple[str, ...]
    began: float
    scripts: Scripts = field(default_factory=Scripts)
    pace: Pace = field(default_factory=Pace)

    def stage(self, name: str, start: float) -> Stage:
        """A stage that began at ``start`` (`time.monotonic`) and ends now."""
        seconds = time.monotonic() - start
        return Stage(name=name, start=round(start - self.began, 2), seconds=round(seconds, 2))


@asynccontextmanager
async def site_of(
    fleet: Opened,
    wanted: Circumstances,
    *,
    began: float,
    builds: int,
    units: Iterable[str] = (),
    candidates: bool = False,
    fresh: str = "",
    evidence: Mapping[str, Evidence] | None = None,
    again: tuple[str, ...] = (),
) -> AsyncIterator[Site]:
    """The site of a run over an opened fleet; its witnesses are stopped in the end.

    ``builds`` is their number at once; ``units`` are the names of those that may want a witness: when all of
    them are done with it, it is stopped before the end.
    """
    site = Site(
        source=fleet.request.source,
        access=fleet.access,
        ask=fleet.ask,
        wanted=wanted,
        candidates=candidates,
        fresh=fresh,
        builds=anyio.CapacityLimiter(builds),
        smokes=fleet.request.room,
        witnesses=Witnesses(access=fleet.access, users=set(units)),
        flags=fleet.request.flags,
        spots=Spots(root=fleet.root, catalog=fleet.catalog.filename),
        evidence=evidence or {},
        again=again,
        began=began,
    )
    try:
        yield site
    finally:
        await site.witnesses.close()
