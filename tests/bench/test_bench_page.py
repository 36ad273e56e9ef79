"""docs/benchmarks.md says what the results file has, and no more."""

from pathlib import Path
from typing import Any

import bench_page
import generate
import pytest
from results import Measured, Shards, as_plain, keep

MACHINE = {"processors": 2, "buildx": ""}
SHARDS = [
    {"work": "cpu", "images": 32, "warm": warm, "whole": 40.0, "parts": [12.0, parts], "limit": 0.35}
    for warm, parts in ((True, 14.0), (False, 18.0))
]
ENGINE = {"images": 8, "work": "sleep", "rival": "same", "ratios": [1.0, 1.2, 1.04], "limit": 1.05}


def measured(side: str, seconds: float, *, images: int = 8, phase: str = "cold") -> Measured:
    return Measured(
        work="sleep",
        images=images,
        phase=phase,
        side=side,
        seconds=(seconds,),
        cpu=(1.0,),
        memory=(80.0,),
        pushed=(2_000_000,),
    )


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts figures where the page looks for them, and gives the page."""

    def write(*found: Measured, **more: Any) -> str:
        monkeypatch.setattr(bench_page, "RESULTS", tmp_path / "results.json")
        keep(bench_page.RESULTS, when="2026-11-26", machine=MACHINE, measured=as_plain(found), **more)
        return generate.bench_page()

    return write


@pytest.mark.parametrize(("seconds", "kept"), [(3.4, "yes"), (3.6, "no")])
def test_a_limit_is_shown_with_what_became_of_it(written, seconds: float, kept: str):
    page = written(measured("ours", seconds), measured("loop", 10.0))
    ratio = f"{seconds / 10:.2f}"
    assert f"| 8 | sleep | everything, cold | shell loop | {ratio} | 0.35 | {kept} |" in page
    assert "buildx | not here" in page


def test_what_was_not_measured_has_no_section(written):
    page = written(measured("ours", 3.0))
    assert "More machines" not in page
    assert "On a Dagger engine" not in page


def test_shards_and_the_dagger_engine(written):
    page = " ".join(written(measured("ours", 3.0), shards=SHARDS, engine=ENGINE).split())
    assert "| 32 | with the family | 40.0 | 2 | 14.0 | 0.35 | 0.35 |" in page
    assert "| 32 | with nothing | 40.0 | 2 | 18.0 | 0.45 | - |" in page
    assert "1.04, the median of 3 rounds; its limit is 1.05." in page


@pytest.mark.parametrize(
    ("warm", "longest", "within"), [(True, 14.0, True), (True, 14.1, False), (False, 39.0, True)]
)
def test_the_limit_is_for_what_is_shared_out(warm, longest, within):
    found = Shards(work="cpu", images=32, warm=warm, whole=40.0, parts=(12.0, longest))
    assert found.within is within


def test_the_plot_has_a_line_for_each_side_that_took_part(written):
    written(*(measured(side, 3.0, images=size) for side in ("ours", "loop") for size in (8, 32, 100)))
    plot = generate.bench_plot()
    assert [plot.count(f'<path class="{name}"') for name in "abc"] == [1, 1, 0]
    assert plot.count("<circle") == 6


def test_one_size_alone_has_a_plot(written):
    written(measured("ours", 3.0))
    assert generate.bench_plot().count("<circle") == 1
