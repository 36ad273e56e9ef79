"""The short form of `make soak`: a fixed set of seeds."""

from pathlib import Path

import pytest
from campaign import campaign
from misfortune import script_of
from real_registry import running

pytestmark = pytest.mark.integration

SEEDS = range(1, 11)


async def test_no_release_is_mixed_or_stuck_whatever_happens_to_it(tmp_path: Path) -> None:
    with running(tmp_path, basic=False) as real:
        tally = await campaign(real, SEEDS, lanes=8)
    assert tally.wrong == []
    assert tally.releases == len(SEEDS)
    assert set(tally.modes) == {"killed", "together", "faults"}
    assert tally.faults["kill"] > 3
    assert len(tally.faults) > 4


def test_a_seed_is_a_script() -> None:
    assert [script_of(seed) for seed in range(50)] == [script_of(seed) for seed in range(50)]
    assert len({script_of(seed) for seed in range(50)}) == 50
