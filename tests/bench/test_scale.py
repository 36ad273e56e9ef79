"""The simulation behind docs/scale.md: what must hold of it whatever it is fed with."""

from dataclasses import replace
from itertools import pairwise

import pytest
from scale import RUNNERS, Assumed, Span, busiest_minute, grow, read_recorded, simulate
from scale_page import LIMITS, beyond, runs

RECORDED = read_recorded()
AT_ONCE = Assumed(set_up=0, load=0, bandwidth=float("inf"), round_trip=0, settle=-1)  # NB: no pause at all
ONLY_WORK = replace(RECORDED, processor=0.0)
FLEET = grow(RECORDED.fleet, 300, 8)


def test_the_same_seed_grows_the_same_fleet():
    assert grow(RECORDED.fleet, 50, 8, seed=7) == grow(RECORDED.fleet, 50, 8, seed=7)
    assert grow(RECORDED.fleet, 50, 8, seed=7) != grow(RECORDED.fleet, 50, 8, seed=8)


@pytest.mark.parametrize("families", [4, 5, 8, 40], ids=lambda count: f"{count} families")
def test_every_image_stands_on_a_family_that_is_there(families: int):
    fleet = grow(RECORDED.fleet, 200, families)
    names = {each.name for each in fleet.families}
    assert len(names) == len(fleet.families) == families
    assert {image.family for image in fleet.images} <= names
    assert {family.family for family in fleet.families[1:]} <= names


def test_one_runner_takes_the_sum_of_the_work():
    found = simulate(FLEET, ONLY_WORK, 1, assumed=AT_ONCE)
    images, families = (
        sum(each.seconds for each in parts) / RECORDED.at_once for parts in (FLEET.images, FLEET.families)
    )
    assert found.jobs == pytest.approx((0.0, families, images, 0.0))
    assert found.wall == pytest.approx(images + families)


def test_a_chain_of_families_takes_as_long_as_all_of_it():
    chain = replace(FLEET, families=FLEET.families[:2], images=())
    assert simulate(chain, ONLY_WORK, 1, assumed=AT_ONCE).wall == pytest.approx(
        sum(each.seconds for each in chain.families)
    )


@pytest.mark.parametrize("images", [1, 8, 300], ids=lambda count: f"{count} images")
def test_more_runners_never_take_longer(images: int):
    fleet = grow(RECORDED.fleet, images, 8)
    # NB: sharing out by the longest first may be a little off the best, and pulls differ.
    start_up = Assumed().set_up + Assumed().load
    walls = [simulate(fleet, RECORDED, count).wall for count in RUNNERS]
    assert all(after <= before + start_up for before, after in pairwise(walls))
    assert walls[-1] == walls[0] if images == 1 else walls[-1] < walls[0]


def test_a_runner_adds_its_own_requests_and_no_others():
    alone, many = (simulate(FLEET, RECORDED, count) for count in (1, 20))
    families, layers = len(FLEET.families), 1 + sum(each.layers for each in FLEET.families)
    built, reused = RECORDED.requests["built"], RECORDED.requests["reused"]
    tests = sum(each.tests for each in FLEET.families)
    most = (
        built["fixed"] + reused["fixed"] + families * (reused["image"] + 2) + tests * reused["test"] + layers
    )
    assert 0 < many.requests - alone.requests <= 19 * most


@pytest.mark.parametrize(
    ("changed", "shards", "call"),
    [((), 0, "released"), (("family-llm-cu121_0",), 20, "release"), (None, 20, "release")],
    ids=["nothing changed", "one family changed", "everything is new"],
)
def test_only_what_is_affected_is_built(changed: tuple[str, ...] | None, shards: int, call: str):
    found = simulate(FLEET, RECORDED, 20, changed=changed)
    everything = (*FLEET.families, *FLEET.images)
    told = RECORDED.requests[call]
    asked = told["fixed"] + sum(told["image"] + told["test"] * each.tests for each in everything)
    pause = 2 * Assumed().settle + 2 if shards else 0
    assert found.runners == shards
    assert found.release == pytest.approx(
        Assumed().set_up
        + Assumed().load
        + asked * Assumed().round_trip / Assumed().connections
        + RECORDED.processor * len(everything)
        + pause
    )


def test_a_job_is_paid_by_whole_minutes():
    found = replace(simulate(FLEET, RECORDED, 1, changed=()), jobs=(59.0, 61.0, 120.0))
    assert (found.minutes, found.cost) == (5, pytest.approx(0.03))


@pytest.mark.parametrize(
    ("spans", "most"),
    [
        ([], 0),
        ([(0, 60, 30)], 30),
        ([(0, 120, 30)], 15),
        ([(0, 60, 30), (30, 90, 30)], 45),
        ([(10, 10, 7)], 7),
    ],
    ids=["none", "a minute", "two minutes", "one over the other", "all at once"],
)
def test_the_busiest_minute(spans: list[tuple[float, float, float]], most: float):
    found = busiest_minute([Span(start=start, end=end, requests=count) for start, end, count in spans])
    assert found == pytest.approx(most, rel=1e-6)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_run_is_beyond_a_limit_only_when_it_needs_more(limit):
    kept = simulate(FLEET, RECORDED, 1)
    fields = {"jobs": (limit.most * 3600,), "runners": limit.most, "busiest": limit.most}
    fields |= {"argument": limit.most, "matrix": limit.most * 1e6 / 2}
    at, over = (
        replace(
            kept, **{key: (value[0] * by,) if key == "jobs" else value * by for key, value in fields.items()}
        )
        for by in (1, 1.01)
    )
    assert limit.name not in beyond(at)
    assert limit.name in beyond(over)


def test_what_the_page_says_of_the_release_holds():
    """It is what does not shrink: the same seconds whatever the number of runners."""
    assert [run.release for run in runs(1000)] == pytest.approx([runs(1000)[0].release] * len(RUNNERS))


def test_without_a_wave_each_runner_builds_its_families():
    waved, alone = (simulate(FLEET, RECORDED, 8, wave=wave) for wave in (True, False))
    assert alone.minutes > waved.minutes
    assert alone.requests > waved.requests
    one = replace(FLEET, images=FLEET.images[:1])
    same = [simulate(one, ONLY_WORK, 1, wave=wave, assumed=AT_ONCE).wall for wave in (True, False)]
    assert same[1] <= same[0]  # NB: it builds only what its images stand on.
