import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_fleet import NAMES, survey_of

from pipeline.catalog.load import load_catalog
from pipeline.errors import UsageError
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.plan import Circumstances, Known, Plan, SmokeDecision, make_plan
from pipeline.planning.shards import parse_shard, pick_shard, shard_of_images
from pipeline.planning.show import show_plan
from pipeline.planning.sources import Sources

REFERENCE_FLEET = Path(__file__).parents[2] / "fleet"
TAG = "20250810-9c99cc9"
GOLDEN = Path(__file__).parent / "golden/commands.txt"

# As the team wrote them down; <org> and <tag> are filled in.
DOCUMENTED = """
docker buildx build -f main_pc_code/Dockerfile.speech_pipeline --build-arg BASE_IMAGE=ghcr.io/<org>/family-torch-cu121:<tag> -t ghcr.io/<org>/ai_system/speech_pipeline:<tag> .
docker buildx build -f main_pc_code/Dockerfile.reasoning_suite --build-arg BASE_IMAGE=ghcr.io/<org>/family-llm-cu121:<tag> -t ghcr.io/<org>/ai_system/reasoning_suite:<tag> .
docker buildx build -f main_pc_code/Dockerfile.vision_suite --build-arg BASE_IMAGE=ghcr.io/<org>/family-vision-cu121:<tag> -t ghcr.io/<org>/ai_system/vision_suite:<tag> .
docker buildx build -f model_ops_coordinator/Dockerfile --build-arg BASE_IMAGE=ghcr.io/<org>/family-llm-cu121:<tag> -t ghcr.io/<org>/ai_system/model_ops_coordinator:<tag> model_ops_coordinator
docker buildx build -f affective_processing_center/Dockerfile --build-arg BASE_IMAGE=ghcr.io/<org>/family-torch-cu121:<tag> -t ghcr.io/<org>/ai_system/affective_processing_center:<tag> affective_processing_center
docker buildx build -f real_time_audio_pipeline/Dockerfile --build-arg BASE_IMAGE=ghcr.io/<org>/family-torch-cu121:<tag> -t ghcr.io/<org>/ai_system/real_time_audio_pipeline:<tag> real_time_audio_pipeline
"""  # noqa: E501


def plan_of(root: Path) -> Plan:
    found = survey(load_catalog(root), Sources(root), NAMES)
    references = [*(str(base.reference) for base in found.published), *found.external, *found.remote]
    digests = dict.fromkeys(references, "sha256:" + "a" * 64)
    known = Known(digests=digests)
    return make_plan(
        found, build_keys(found, Sources(root), digests), known=known, wanted=Circumstances(probe_version="1")
    )


@pytest.fixture(scope="module")
def reference_plan() -> Plan:
    return plan_of(REFERENCE_FLEET)


def test_commands_of_the_reference_fleet_are_the_golden_ones(reference_plan: Plan):
    assert show_plan(reference_plan, "commands", tag=TAG) == GOLDEN.read_text()


def test_documented_lines_are_given_letter_by_letter(reference_plan: Plan):
    lines = show_plan(reference_plan, "commands", tag=TAG).splitlines()
    documented = DOCUMENTED.replace("<org>", "org").replace("<tag>", TAG).split("\n")[1:-1]
    assert len(documented) == 6
    assert [line for line in documented if line not in lines] == []
    assert len(lines) == 12 and all(line.startswith("docker buildx build -f ") for line in lines)


def test_bases_are_built_before_they_are_used(reference_plan: Plan):
    built: set[str] = {"ghcr.io/org/root-cu121:12.1.1"}
    for line in show_plan(reference_plan, "commands", tag=TAG).splitlines():
        words = shlex.split(line)
        base = next(word.removeprefix("BASE_IMAGE=") for word in words if word.startswith("BASE_IMAGE="))
        assert base in built
        built.add(words[words.index("-t") + 1])


def test_values_are_quoted_for_a_shell(fleet: Path):
    path = fleet / "fleet.toml"
    path.write_text(
        path.read_text()
        .replace('"plain"', "'a b; $(rm) \"q\"'")
        .replace("[images.speech]", "[images.speech]\ntarget = 'b'")
    )
    write = (fleet / "speech/Dockerfile").read_text()
    (fleet / "speech/Dockerfile").write_text(write.replace("FROM ${BASE_IMAGE}", "FROM ${BASE_IMAGE} AS b"))
    line = next(
        line for line in show_plan(plan_of(fleet), "commands", tag="t").splitlines() if "speech" in line
    )
    assert shlex.split(line) == [
        *("docker", "buildx", "build", "-f", "speech/Dockerfile", "--target", "b"),
        *("--build-arg", "BASE_IMAGE=ghcr.io/org/torch:t", "--build-arg", 'FLAVOUR=a b; $(rm) "q"'),
        *("-t", "ghcr.io/org/ai_system/speech:t", "speech"),
    ]


def test_a_published_family_is_named_by_its_own_tag(fleet: Path):
    path = fleet / "fleet.toml"
    path.write_text(path.read_text().replace('dockerfile = "families/torch"\nbase = "base"', 'tag = "given"'))
    lines = show_plan(plan_of(fleet), "commands", tag="t")
    assert "BASE_IMAGE=ghcr.io/org/torch:given -" in lines and "torch:t" not in lines


def test_bake(fleet: Path):
    bake = json.loads(show_plan(plan_of(fleet), "bake", tag="t"))
    assert bake["group"]["default"]["targets"] == ["base", "torch", "vision", "speech", "seeing"]
    speech = bake["target"]["speech"]
    assert (speech["context"], speech["dockerfile"], speech["tags"]) == (
        "speech",
        "Dockerfile",
        ["ghcr.io/org/ai_system/speech:t"],
    )
    assert speech["args"] == {"BASE_IMAGE": "ghcr.io/org/torch:t", "FLAVOUR": "plain"}
    assert speech["contexts"] == {"ghcr.io/org/torch:t": "target:torch"}
    assert "contexts" not in bake["target"]["base"]
    assert (
        speech["platforms"] == ["linux/amd64"]
        and speech["labels"]["org.opencontainers.image.title"] == "speech"
    )


def test_json_round_trip(fleet: Path):
    shown = json.loads(show_plan(plan_of(fleet), "json", tag=""))
    speech = next(unit for unit in shown["units"] if unit["name"] == "speech")
    assert (speech["decision"], speech["because"], speech["base"]) == ("build", "never built", "torch")
    assert len(speech["key"]) == 64 and [each["service"] for each in speech["smoke"]] == [
        *("STT", "TTS", "speech")
    ]
    assert shown["published"] == [{"name": "root-cu121", "reference": "ghcr.io/org/root-cu121:12.1.1"}]


def test_table(fleet: Path):
    text = show_plan(plan_of(fleet), "table", tag="")
    rows = [row.split() for row in text.splitlines()]
    assert rows[3] == [
        "image",
        "speech",
        "build:",
        "never",
        "built",
        "smoke:",
        "run",
        "3",
        "(the",
        "image",
        "is",
        "built)",
    ]
    assert text.endswith("5 units: 5 to build, 0 reused; 3 smoke tests: 3 to run, 0 reused\n")


def test_matrix_is_one_line_and_covers_every_image_once(fleet: Path):
    text = show_plan(plan_of(fleet), "matrix", tag="")
    assert text.count("\n") == 1
    assert json.loads(text) == {
        "families": {"include": [{"shard": "families", "only": "base,torch,vision"}]},
        "images": {"include": [{"shard": "1/2", "only": "seeing"}, {"shard": "2/2", "only": "speech"}]},
    }


@pytest.mark.parametrize(
    ("shards", "parts"),
    [(1, ["seeing,speech"]), (2, ["seeing", "speech"]), (9, ["seeing", "speech"])],
)
def test_a_matrix_for_so_many_machines_has_none_without_work(fleet: Path, shards: int, parts: list[str]):
    found = json.loads(show_plan(plan_of(fleet), "matrix", tag="", shards=shards))
    assert [each["only"] for each in found["images"]["include"]] == parts


@pytest.mark.parametrize("smoked", [True, False], ids=["smoked", "not smoked"])
def test_only_what_is_affected_is_in_the_matrix(fleet: Path, smoked: bool):
    plan = plan_of(fleet)
    done = [
        replace(
            each,
            decision="reuse",
            smoke=tuple(replace(one, decision="reuse" if smoked else "run") for one in each.smoke),
        )
        if each.unit.name == "seeing"
        else each
        for each in plan.units
    ]
    text = show_plan(replace(plan, units=tuple(done)), "matrix", tag="", shards=1, affected=True)
    waves = json.loads(text)
    assert only(waves, "images") == ["speech" if smoked else "seeing,speech"]
    assert only(waves, "families") == ["base,torch,vision"]
    nothing = replace(plan, units=tuple(each for each in done if each.unit.name == "seeing"))
    left = json.loads(show_plan(nothing, "matrix", tag="", affected=True))
    assert bool(only(left, "images")) is not smoked
    assert only(left, "families") == []


@pytest.mark.parametrize("smoked", [True, False], ids=["tested", "not tested"])
def test_a_family_that_is_there_is_in_no_wave_unless_it_is_to_be_tested(fleet: Path, smoked: bool):
    plan = plan_of(fleet)
    tested = SmokeDecision(service="torch", decision="reuse" if smoked else "run", because="")
    units = [
        replace(each, decision="reuse", smoke=(tested,)) if each.unit.name == "torch" else each
        for each in plan.units
    ]
    text = show_plan(replace(plan, units=tuple(units)), "matrix", tag="", affected=True)
    assert only(json.loads(text), "families") == ["base,vision" if smoked else "base,torch,vision"]


def only(waves: dict[str, dict[str, list[dict[str, str]]]], wave: str) -> list[str]:
    return [each["only"] for each in waves[wave]["include"]]


def test_shards_are_a_partition_with_the_families_that_they_need(fleet: Path):
    found = survey_of(fleet)
    shards = [[unit.name for unit in pick_shard(found, f"{n}/2").units] for n in (1, 2)]
    assert shards == [["base", "torch", "vision", "seeing"], ["base", "torch", "speech"]]
    assert [pick_shard(found, f"{n}/2").external for n in (1, 2)] == [(), found.external]
    wave = pick_shard(found, "families")
    assert [unit.name for unit in wave.units] == ["base", "torch", "vision"]
    assert (wave.published, wave.external) == (found.published, ())
    nothing = pick_shard(found, "3/3")
    assert (nothing.units, nothing.published, nothing.external, nothing.remote) == ((), (), (), ())
    backwards = replace(found, units=tuple(reversed(found.units)))
    assert shard_of_images(backwards.units, 2) == shard_of_images(found.units, 2)


ANY_IMAGE = next(
    unit
    for unit in survey(load_catalog(REFERENCE_FLEET), Sources(REFERENCE_FLEET), NAMES).units
    if unit.kind == "image"
)
TAKEN = {
    "nothing known": ({}, [["a", "c", "e"], ["b", "d"]]),
    "one long": ({"a": 90.0, "b": 10.0, "c": 10.0, "d": 10.0, "e": 10.0}, [["a"], ["b", "c", "d", "e"]]),
    "a new one counts like the mean": (
        {"a": 40.0, "b": 10.0, "c": 10.0, "d": 20.0},
        [["a", "b"], ["c", "d", "e"]],
    ),
    "all the same": (dict.fromkeys("abcde", 7.0), [["a", "c", "e"], ["b", "d"]]),
}


@pytest.mark.parametrize(("seconds", "parts"), TAKEN.values(), ids=TAKEN)
def test_machines_get_as_much_to_do(seconds: dict[str, float], parts: list[list[str]]):
    placed = shard_of_images([replace(ANY_IMAGE, name=name) for name in "abcde"], 2, seconds)
    assert [[name for name, at in placed.items() if at == number] for number in (1, 2)] == parts


@given(st.dictionaries(st.sampled_from("abcdefghijkl"), st.floats(0.1, 1e4)), st.integers(1, 5))
def test_no_machine_has_more_than_its_share_and_one_image(seconds: dict[str, float], count: int):
    placed = shard_of_images([replace(ANY_IMAGE, name=name) for name in seconds], count, seconds)
    assert set(placed) == set(seconds)
    loads = [
        sum(seconds[name] for name, at in placed.items() if at == shard) for shard in range(1, count + 1)
    ]
    share = sum(seconds.values()) / count
    assert max(loads) <= (share + max(seconds.values(), default=0.0)) * (1 + 1e-9)


def test_a_matrix_shares_out_what_building_took_last(fleet: Path):
    plan = plan_of(fleet)
    (image,) = (each for each in plan.units if each.unit.name == "seeing")
    units = tuple(
        replace(image, unit=replace(image.unit, name=name), seconds=seconds)
        for name, seconds in (("a", 5.0), ("b", 5.0), ("c", 10.0))
    )
    found = json.loads(show_plan(replace(plan, units=units), "matrix", tag="", shards=2))["images"]["include"]
    assert found == [{"shard": "1/2", "only": "c"}, {"shard": "2/2", "only": "a,b"}]


@pytest.mark.parametrize(
    "text", ["", "1", "families/2", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1/2 ", "٣/٤", "1/999999"]
)
def test_what_is_no_shard(text: str):
    with pytest.raises(UsageError, match="not a shard"):
        parse_shard(text)
