"""How long things took, now and before: what is told, and what is left out."""

import pytest

from pipeline.reporting.model import Before, Check, ServiceBefore, ServiceRun, Stage, UnitRun, Verdict
from pipeline.reporting.times import Times, ready_seconds, show_times, times_before, times_of


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(Times(build=12), Times(build=21), ["build 12 s → 21 s"], id="build"),
        pytest.param(Times(build=12), Times(), [], id="not built now"),
        pytest.param(Times(), Times(build=12), [], id="not known before"),
        pytest.param(Times(build=12.1), Times(build=12.2), [], id="the same in words"),
        pytest.param(
            Times(ready={"A": 2.1}, smoke={"A": 3.0}),
            Times(ready={"A": 3.4}, smoke={"A": 4.4}),
            ["ready 2.1 s → 3.4 s", "smoke 3.0 s → 4.4 s"],
            id="one service",
        ),
        pytest.param(
            Times(ready={"A": 2.0, "B": 9.0}),
            Times(ready={"A": 8.0, "B": 9.1}),
            ["ready 9.0 s → 9.1 s", "A ready 2.0 s → 8.0 s"],
            id="the slowest, and who changed by much",
        ),
        pytest.param(
            Times(ready={"A": 0.2, "B": 4.0}),
            Times(ready={"A": 0.5, "B": 4.9}),
            ["ready 4.0 s → 4.9 s"],
            id="none by much",
        ),
        pytest.param(
            Times(ready={"A": 1.0, "gone": 9.0}, smoke={"gone": 9.0}),
            Times(ready={"A": 2.0, "new": 30.0}, smoke={"new": 30.0}),
            ["ready 1.0 s → 2.0 s"],
            id="services of both only",
        ),
    ],
)
def test_times_are_told_where_both_are_known_and_differ(before: Times, after: Times, told: list[str]) -> None:
    assert list(show_times(before, after)) == told


@pytest.mark.parametrize(
    ("checks", "seconds"),
    [
        ([Check(name="user", verdict=Verdict.PASSED, seconds=9)], 0.0),
        ([Check(name="health", verdict=Verdict.PASSED, seconds=2.5)], 2.5),
        ([Check(name="health", verdict=Verdict.FAILED, seconds=2.5)], 0.0),
        ([], 0.0),
    ],
    ids=["no health", "ready", "never ready", "no checks"],
)
def test_the_time_to_ready_is_that_of_the_health_check(checks: list[Check], seconds: float) -> None:
    assert ready_seconds(checks) == seconds


HEALTH = (Check(name="health", verdict=Verdict.PASSED, seconds=0.5),)
SERVICES = (
    ServiceRun(name="now", verdict=Verdict.PASSED, seconds=1.5, checks=HEALTH),
    ServiceRun(name="reused", verdict=Verdict.REUSED, took=2.5, checks=HEALTH),
    ServiceRun(name="red", verdict=Verdict.FAILED, seconds=3.5, checks=HEALTH),
    ServiceRun(name="no-gpu", verdict=Verdict.SKIPPED),
)
STAGES = (Stage(name="build", start=0, seconds=7), Stage(name="candidate", start=8, seconds=2))


def _unit(**values: float) -> UnitRun:
    return UnitRun(
        kind="image",
        name="u",
        decision="build",
        because="",
        verdict=Verdict.PASSED,
        services=SERVICES,
        stages=STAGES,
        **values,  # pyright: ignore[reportArgumentType]
    )


def test_a_run_knows_its_own_times_and_those_of_what_it_reused() -> None:
    expected = Times(build=9.0, push=2, ready={"now": 0.5, "reused": 0.5}, smoke={"now": 1.5, "reused": 2.5})
    assert times_of(_unit(built=9.0)) == expected
    assert times_of(_unit()).build == 7  # a run.json of before it was told apart


def test_a_release_knows_the_times_of_its_evidence() -> None:
    tests = (ServiceBefore(name="A", ready=0.5, seconds=1.5), ServiceBefore(name="library", seconds=2.0))
    before = Before(name="u", digest="d", built=9.0, tests=tests)
    assert times_before(before) == Times(build=9.0, ready={"A": 0.5}, smoke={"A": 1.5, "library": 2.0})
