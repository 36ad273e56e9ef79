"""The badge: well-formed, small, by itself, and true."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_runs import green_run, red_run, reused_run

from pipeline.reporting.badge import show_badge
from pipeline.reporting.model import Run, Verdict

EMPTY = Run(fleet="mainpc", function="run", verdict=Verdict.FAILED)


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (green_run(), "mainpc: passed, 12 units, 24 tests"),
        (reused_run(), "mainpc: passed, 12 units, 24 tests"),
        (red_run(), "mainpc: failed, 3 of 12 units"),
        (EMPTY, "mainpc: failed"),
    ],
    ids=["green", "reused", "red", "empty"],
)
def test_it_says_what_became_of_the_run(run: Run, says: str) -> None:
    badge = ElementTree.fromstring(show_badge(run))
    assert badge.get("aria-label") == says
    texts = [element.text for element in badge.iter("{http://www.w3.org/2000/svg}text")]
    assert ": ".join(filter(None, texts)) == says


def test_red_and_green_differ_and_it_is_small() -> None:
    assert "#ad1f18" in show_badge(red_run())
    assert "#ad1f18" not in show_badge(green_run())
    assert len(show_badge(red_run())) < 1500
    assert "href" not in show_badge(red_run())


@given(st.text(max_size=40))
def test_any_name_leaves_it_well_formed(name: str) -> None:
    ElementTree.fromstring(show_badge(EMPTY.model_copy(update={"fleet": name})))
