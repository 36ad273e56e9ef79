"""What a releasing process does; its caches are empty."""

from typing import Any

from unhurried import Unhurried

from pipeline.registry.documents.record import Facts, Released
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.retry import Patience
from pipeline.registry.tag_phase.release import Timing, release


async def run(wanted: dict[str, Any]) -> list[str]:
    """Release ``units`` under ``tag``, by way of ``host``."""
    units = [Released(**unit) for unit in wanted["units"]]
    facts = Facts(fleet="tests", commit=wanted["commit"], commit_date="2025-08-10T12:00:00Z")
    patience = Patience(attempts=12, deadline=30.0, first=0.02, longest=0.3)
    times = {"settle": wanted["settle"], "gap": wanted["gap"]}
    timing = Timing(**times) if wanted["wait"] is None else Unhurried(**times, wait=wanted["wait"])
    async with Registry(wanted["host"], patience=patience) as registry:
        names = await release(
            registry,
            wanted["repository"],
            wanted["tag"],
            units,
            facts,
            run=wanted["run"],
            timing=timing,
        )
        return list(names)
