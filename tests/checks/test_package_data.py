"""The data files on packages hang together, and were confirmed."""

import json
from pathlib import Path

import pytest

from pipeline.checks.facts.packages import LIBRARIES, NEEDS, PROGRAMS, brought_by, needs_of
from pipeline.checks.facts.requirements import normal_name

RESULTS = json.loads((Path(__file__).parents[2] / "docs/soak/libraries.json").read_text())


def test_at_least_sixty_packages_need_something():
    assert sum(bool(each.libraries or each.programs) for each in NEEDS.values()) >= 60


@pytest.mark.parametrize("name", NEEDS)
def test_what_is_named_is_known(name: str):
    needs = NEEDS[name]
    assert name == normal_name(name)
    assert {*needs.libraries} <= {*LIBRARIES} and {*needs.programs} <= {*PROGRAMS}
    assert {*needs.brings} <= {*NEEDS}
    assert needs.proof.partition(":")[0] in ("wheel", "text", "debian", "metadata", "cited")


def test_the_last_campaign_confirmed_every_entry():
    assert {name: each["proof"] for name, each in RESULTS.items()} == {n: e.proof for n, e in NEEDS.items()}
    assert [name for name, each in RESULTS.items() if each["verdict"] == "refuted"] == []
    unchecked = {name for name, each in RESULTS.items() if each["verdict"] == "unavailable"}
    assert unchecked == {name for name, each in NEEDS.items() if each.proof.startswith("cited:")}


def test_what_apt_brings_along():
    assert "libgl1" in brought_by("ffmpeg", recommends=False)
    assert "python3" in brought_by("ffmpeg", recommends=True) - brought_by("ffmpeg", recommends=False)
    assert brought_by("libgl1t64", recommends=False) >= {"libgl1", "libx11-6"}
    assert brought_by("not-a-package", recommends=True) == {"not-a-package"}


def test_extras_that_bring_the_library():
    assert [name for name, _ in needs_of("psycopg")] == ["psycopg"]
    assert list(needs_of("psycopg", "pool, binary")) == []
    assert [name for name, _ in needs_of("ultralytics")] == ["ultralytics", "opencv-python"]
    assert list(needs_of("flask")) == []
