"""Stages of a unit as the run model has them: waiting is not working."""

import pytest

from pipeline.reporting.model import ServiceRun, Stage, Verdict
from pipeline.stages.smokes import after_queue

SMOKE = Stage(name="smoke", start=10.0, seconds=6.0)


def service(start: float, verdict: Verdict = Verdict.PASSED) -> ServiceRun:
    return ServiceRun(name="S", verdict=verdict, start=start)


@pytest.mark.parametrize(
    ("starts", "stages"),
    [
        ([10.0], [("smoke", 10.0, 6.0)]),
        ([12.5, 11.5], [("queue", 10.0, 1.5), ("smoke", 11.5, 4.5)]),
        ([0.0, 12.0], [("queue", 10.0, 2.0), ("smoke", 12.0, 4.0)]),
        ([0.0], [("smoke", 10.0, 6.0)]),
        ([], [("smoke", 10.0, 6.0)]),
    ],
    ids=["at-once", "first-of-two", "beside-a-reused-one", "all-reused", "none"],
)
def test_a_smoke_stage_begins_with_the_first_place(
    starts: list[float], stages: list[tuple[str, float, float]]
) -> None:
    found = after_queue(SMOKE, [service(start) for start in starts])
    assert [(each.name, each.start, each.seconds) for each in found] == stages
