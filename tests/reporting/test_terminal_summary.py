"""The summary as a person reads it: aligned, complete, the line that reproduces last of all."""

import pytest
from runs import GREEN, RED, STT_FAILURE, golden

from pipeline.reporting.model import Failure, Run, Verdict
from pipeline.reporting.terminal import show_failure, show_summary
from pipeline.reporting.words import duration, size, totals


def test_a_red_run() -> None:
    assert show_summary(RED) == golden("red.txt")


def test_a_green_release() -> None:
    assert show_summary(GREEN) == golden("green.txt")


def test_the_last_line_reproduces_the_last_failure() -> None:
    assert show_summary(RED).rstrip("\n").split("\n")[-1] == show_failure(STT_FAILURE).split("\n")[-1]
    assert show_summary(RED).rstrip("\n").endswith("smoke --service STTService")


def test_a_failure_says_no_more_than_it_knows() -> None:
    block = Failure(subject="x", stage="build", what="no such file")
    assert show_failure(block) == "FAILED x: build failed\n  no such file"


def test_a_run_without_units_has_no_table() -> None:
    run = Run(fleet="f", function="run", verdict=Verdict.FAILED)
    assert show_summary(run) == "f: run: failed\n"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (10, "10 s"),
        (99.4, "99 s"),
        (100, "1 min 40 s"),
        (3599.6, "60 min 0 s"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "-"), (999, "999 B"), (1000, "1.0 kB"), (125_400_000, "125 MB"), (6_200_000_000, "6.2 GB")],
)
def test_sizes(number: int, said: str) -> None:
    assert size(number) == said


def test_totals_count_each_unit_and_test_once() -> None:
    assert totals(RED) == (
        "1 family, 3 images: 1 built, 1 reused, 1 cancelled, 1 failed; "
        "3 smoke tests: 2 passed, 1 failed; 1 library test: 1 reused; 4 min 1 s"
    )
