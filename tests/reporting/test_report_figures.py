"""What the report page is drawn from: graph, timeline, sizes, verdicts over time. And the page's own size."""

import re
from itertools import combinations

import pytest
from sample_runs import HOSTILE, green_run, large_run, red_run, reused_run

from pipeline.reporting.model import Base, Layer, Run, Stage, UnitRun, Verdict
from pipeline.reporting.page import show_page
from pipeline.reporting.page.fleet_graph import BOX_HEIGHT, Box, Graph, lay_out
from pipeline.reporting.page.sizes import weigh
from pipeline.reporting.page.timeline import Timeline, draw
from pipeline.reporting.page.verdicts import find_turns, trend

NOTHING = Run(fleet="f", function="run", verdict=Verdict.FAILED)


def anchors(run: Run) -> dict[str, str]:
    return {unit.name: f"unit-{number}" for number, unit in enumerate(run.units)}


def graph_of(run: Run) -> Graph:
    return lay_out(run, anchors(run))


def unit(name: str, family: str = "root", *stages: Stage, layers: tuple[Layer, ...] = ()) -> UnitRun:
    return UnitRun(
        kind="image",
        name=name,
        family=family,
        decision="build",
        because="never built",
        verdict=Verdict.PASSED,
        stages=stages,
        layers=layers,
        size=sum(layer.size for layer in layers),
    )


def run_of(*units: UnitRun, seconds: float = 10.0, bases: tuple[Base, ...] = ()) -> Run:
    return Run(fleet="f", function="run", verdict=Verdict.PASSED, units=units, seconds=seconds, bases=bases)


def stage(name: str, start: float, seconds: float) -> Stage:
    return Stage(name=name, start=start, seconds=seconds)


def drawn(run: Run) -> Timeline:
    timeline = draw(run, anchors(run))
    assert timeline
    return timeline


@pytest.mark.parametrize("run", [green_run(), red_run(), large_run(200)], ids=["green", "red", "large"])
def test_no_two_boxes_overlap_and_all_are_inside(run: Run) -> None:
    graph = graph_of(run)
    assert {box.name for box in graph.boxes} == {"root-cu121", *(unit.name for unit in run.units)}
    for one, other in combinations(graph.boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or abs(one.y - other.y) >= BOX_HEIGHT, (one.name, other.name)
    assert all(box.x + box.width <= graph.width for box in graph.boxes)
    assert all(0 <= box.y <= graph.height - BOX_HEIGHT for box in graph.boxes)
    marks = [(mark.x, mark.y) for box in graph.boxes for mark in box.services]
    assert len(marks) == len(set(marks))
    assert all(0 <= y <= graph.height for _, y in marks)


def test_each_unit_hangs_on_what_it_stands_on() -> None:
    run = red_run()
    parents: dict[str, str] = {}

    def walk(box: Box) -> None:
        for child in box.children:
            parents[child.name] = box.name
            walk(child)

    for root in graph_of(run).roots:
        walk(root)
    assert parents == {unit.name: unit.family for unit in run.units}


def test_edges_to_what_failed_are_drawn_last() -> None:
    verdicts = [edge.verdict for edge in graph_of(red_run()).edges]
    assert verdicts.count("failed") == 2
    assert verdicts[-2:] == ["failed", "failed"]


@pytest.mark.parametrize(("services", "dense"), [(60, False), (61, True)])
def test_many_services_are_marks_without_names(services: int, dense: bool) -> None:
    assert graph_of(large_run(services)).dense is dense


def test_a_fleet_without_units_has_no_figures() -> None:
    assert draw(NOTHING, {}) is None
    assert weigh(NOTHING, {}) is None
    assert "Stopped before anything was built" in show_page(NOTHING)


def test_the_critical_path_goes_through_what_was_waited_for() -> None:
    run = run_of(
        unit("base", "root", stage("build", 0, 4)),
        unit("quick", "root", stage("build", 0, 1)),
        unit("late", "base", stage("wait", 0, 4), stage("build", 4, 5), stage("smoke", 9, 1)),
        unit("early", "base", stage("wait", 0, 4), stage("build", 4, 1)),
    )
    timeline = drawn(run)
    assert [(step.unit, step.seconds) for step in timeline.critical] == [("base", 4), ("late", 6)]
    assert timeline.critical_seconds == 10
    assert {bar.word for row in timeline.rows if row.name == "late" for bar in row.bars if bar.critical} == {
        "build",
        "smoke",
    }


def test_the_critical_path_goes_through_whose_place_was_taken() -> None:
    run = run_of(
        unit("first", "root", stage("build", 0, 6), stage("smoke", 6, 1)),
        unit("second", "root", stage("queue", 0, 6), stage("build", 6, 4)),
    )
    timeline = drawn(run)
    assert [(step.unit, step.stages) for step in timeline.critical] == [
        ("first", (("build", 6),)),
        ("second", (("build", 4),)),
    ]
    assert timeline.queued == (1, 6)


def test_tests_in_a_queue_do_not_lead_the_critical_path_to_another_build() -> None:
    run = run_of(
        unit("base", "root", stage("build", 0, 1.4)),
        unit("other", "base", stage("wait", 0, 1.4), stage("build", 1.4, 0.5), stage("smoke", 1.9, 1)),
        unit(
            *("last", "base", stage("wait", 0, 1.4), stage("build", 1.75, 1)),
            *(stage("queue", 2.75, 0.1), stage("smoke", 2.85, 3)),
        ),
        seconds=5.85,
    )
    timeline = drawn(run)
    assert [step.unit for step in timeline.critical] == ["base", "last"]
    assert timeline.critical_seconds <= run.seconds


def test_a_place_is_not_taken_over_from_a_build_that_still_runs() -> None:
    run = run_of(
        unit("first", "root", stage("build", 0, 6)),
        unit("longer", "root", stage("build", 0, 6.2)),
        unit("second", "root", stage("queue", 0, 6), stage("build", 6, 4)),
    )
    assert [step.unit for step in drawn(run).critical] == ["first", "second"]


def test_parallelism_is_lost_where_one_works_and_others_wait() -> None:
    run = run_of(
        unit("base", "root", stage("build", 0, 6)),
        unit("a", "base", stage("wait", 0, 6), stage("build", 6, 4)),
        unit("b", "base", stage("wait", 0, 6), stage("build", 6, 4)),
    )
    timeline = drawn(run)
    assert [(each.unit, each.seconds, each.waiting) for each in timeline.hold_ups] == [("base", 6, 2)]
    assert (timeline.peak, timeline.mean) == (2, 1.4)


def test_no_parallelism_is_lost_where_nobody_waits() -> None:
    run = run_of(unit("a", "root", stage("build", 0, 9)), unit("b", "root", stage("build", 0, 2)))
    assert drawn(run).hold_ups == ()


def test_where_nothing_worked_there_is_no_timeline() -> None:
    run = run_of(unit("a", "root"), unit("b", "a", stage("wait", 0, 0.05)))
    assert draw(run, anchors(run)) is None


@pytest.mark.parametrize("seconds", [0.3, 4.0, 59.0, 155.0, 4000.0, 90_000.0])
def test_an_axis_has_few_round_ticks(seconds: float) -> None:
    run = run_of(unit("a", "root", stage("build", 0, seconds)), seconds=seconds)
    ticks = drawn(run).ticks
    assert ticks[0] == (0, 0)
    assert all(0 <= left <= 100 for left, _ in ticks)
    assert seconds > 50_000 or 2 <= len(ticks) <= 7


ROOT, LIB, OWN = (
    Layer(digest=f"sha256:{name}", size=size) for name, size in (("r", 70), ("l", 20), ("o", 7))
)


def test_layers_belong_to_who_brought_them() -> None:
    run = run_of(
        unit("family", "root", layers=(ROOT, LIB)),
        unit("image", "family", layers=(ROOT, LIB, OWN)),
        bases=(Base(name="root", reference="r@sha256:1", layers=(ROOT,)),),
    )
    sizes = weigh(run, anchors(run))
    assert sizes
    shares = {row.name: [(share.origin, share.size) for share in row.shares] for row in sizes.rows}
    assert shares == {
        "family": [("root", 70), ("family", 20)],
        "image": [("root", 70), ("family", 20), ("image", 7)],
    }
    assert [row.own for row in sizes.rows] == [20, 7]
    assert (sizes.total, sizes.distinct) == (187, 97)


@pytest.mark.parametrize(
    "base_layers", [(), (LIB,), (ROOT, LIB, OWN, ROOT)], ids=["unknown", "another", "more"]
)
def test_nothing_is_split_where_the_base_is_not_the_lower_part(base_layers: tuple[Layer, ...]) -> None:
    bases = (Base(name="root", reference="r@sha256:1", layers=base_layers),)
    run = run_of(unit("image", "root", layers=(ROOT, LIB)), bases=bases)
    sizes = weigh(run, anchors(run))
    assert sizes
    assert not sizes.rows[0].split
    assert sizes.rows[0].own == 0


def test_turns_are_told_and_reused_is_as_good_as_passed() -> None:
    assert find_turns(reused_run(), green_run()) == ()
    turned = {turn.name: (turn.before, turn.now) for turn in find_turns(red_run(), green_run())}
    assert turned == {
        "family-vision-cu121": ("passed", "failed"),
        "speech_pipeline / TTSService": ("passed", "failed"),
        "vision_suite": ("passed", "cancelled"),
    }


def test_a_trend_is_in_order_of_time_and_keeps_what_ever_failed() -> None:
    runs = [red_run(started="2026-11-03"), green_run(started="2026-11-01"), green_run(started="2026-11-02")]
    found = trend(runs)
    assert found
    assert [point.run.started for point in found.points] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert {strip.name for strip in found.strips} == {"family-vision-cu121", "speech_pipeline / TTSService"}
    assert max(point.height for point in found.points) == 100


def test_one_run_is_no_trend() -> None:
    assert trend([green_run()]) is None
    assert "The last" not in show_page(green_run())
    assert "The last 2 runs" in show_page(green_run(), [red_run()])


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (green_run(), "All 12 units passed"),
        (red_run(), "3 of 12 units did not pass"),
        (reused_run(), "Nothing changed: everything was reused"),
        (reused_run().model_copy(update={"names": ("a:b",), "tag": "20250810-9c99cc9"}), "Released as 2025"),
        (NOTHING.model_copy(update={"verdict": Verdict.PASSED}), "Nothing to do"),
    ],
    ids=["green", "red", "reused", "released", "empty"],
)
def test_the_first_line_says_what_became_of_it(run: Run, says: str) -> None:
    headline = re.search(r'<h1 id="headline">.*?</h1>', show_page(run), re.DOTALL)
    assert headline
    assert says in headline[0]


def test_a_page_of_200_services_is_small_without_logs() -> None:
    page = show_page(large_run(200), [large_run(200)] * 20)
    assert len(page.encode()) <= 1_500_000


@pytest.mark.parametrize("place", ["log", "what", "because", "fleet", "name"])
def test_whatever_a_run_says_stays_text(place: str) -> None:
    red = red_run()
    at = next(number for number, unit in enumerate(red.units) if unit.name == "speech_pipeline")
    speech = red.units[at]
    if place in ("because", "name"):
        speech = speech.model_copy(update={place: HOSTILE})
    run = red.model_copy(update={"units": (*red.units[:at], speech, *red.units[at + 1 :])})
    run = run.model_copy(update={"fleet": HOSTILE}) if place == "fleet" else run
    page = show_page(run)
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "&lt;script&gt;document.title" in page


def test_the_page_names_no_other_address() -> None:
    page = show_page(green_run())
    assert re.findall(r'(?:src|href)="(?!#)', page) == []
    assert "http" not in re.sub(r'http-equiv="', "", page)
