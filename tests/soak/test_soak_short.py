"""The short form of `make soak`: a few seeds that between them hold every kind of misfortune."""

from collections.abc import Callable
from pathlib import Path

import pytest
from campaign import campaign
from misfortune import Script, script_of, unscaled
from real_registry import running

pytestmark = pytest.mark.integration

SEEDS = (2, 3, 5, 9, 14)  # one in which nothing happens, and five kinds of misfortune


async def test_no_release_is_mixed_or_stuck_whatever_happens_to_it(tmp_path: Path) -> None:
    with running(tmp_path, basic=False) as real:
        tally = await campaign(real, SEEDS, lanes=3)
    assert tally.wrong == []
    assert tally.releases == len(SEEDS)
    assert set(tally.modes) == {"killed", "together", "faults"}
    assert tally.faults["kill"] > 3
    assert len(tally.faults) > 4


@pytest.mark.parametrize("kind", [script_of, unscaled])
def test_a_seed_is_a_script(kind: Callable[[int], Script]) -> None:
    scripts = [kind(seed) for seed in range(50)]
    assert [kind(seed) for seed in range(50)] == scripts
    assert len({*scripts}) == 50
    assert all(script.lag < script.settle for script in scripts)
