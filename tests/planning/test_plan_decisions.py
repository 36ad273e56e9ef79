from dataclasses import replace
from pathlib import Path

import pytest
from small_fleet import DIGEST, EXTERNAL, keys_of, survey_of, write_fleet

from pipeline.planning.plan import Circumstances, Known, Plan, PlannedUnit, make_plan, wanted_evidence

WANTED = Circumstances(probe_version="1")


def digest_of(name: str) -> str:
    return "sha256:" + name.encode().hex().ljust(64, "0")


def known(root: Path, *names: str) -> Known:
    """What a registry knows after these units were built and smoke-tested."""
    keys = keys_of(root)
    candidates = {keys[name].hex: digest_of(name) for name in names}
    asked = wanted_evidence(survey_of(root), keys, candidates, wanted=WANTED)
    return Known(
        candidates=candidates,
        digests=EXTERNAL,
        last_inputs={name: keys[name].inputs for name in names},
        evidence=frozenset(key for each in asked.values() for key in each),
    )


def plan(root: Path, what: Known, wanted: Circumstances = WANTED) -> Plan:
    return make_plan(survey_of(root), keys_of(root), known=what, wanted=wanted)


def units(made: Plan) -> dict[str, PlannedUnit]:
    return {unit.unit.name: unit for unit in made.units}


def told(made: Plan) -> dict[str, str]:
    return {name: f"{unit.decision}: {unit.because}" for name, unit in units(made).items()}


ALL = ("base", "torch", "vision", "speech", "seeing")


def test_nothing_is_known(fleet: Path):
    made = units(plan(fleet, Known(digests=EXTERNAL)))
    assert {(unit.decision, unit.because, unit.digest) for unit in made.values()} == {
        ("build", "never built", "")
    }
    assert made["base"].base_reference == "ghcr.io/org/root-cu121@sha256:" + "3" * 64
    assert made["speech"].base_reference == ""
    assert [(each.decision, each.because) for each in made["speech"].smoke] == [
        ("run", "the image is built")
    ] * 3


def test_everything_is_known(fleet: Path):
    made = units(plan(fleet, known(fleet, *ALL)))
    assert {unit.decision for unit in made.values()} == {"reuse"}
    assert made["speech"].because == digest_of("speech")[:19]
    assert made["speech"].base_reference == f"ghcr.io/org/torch@{digest_of('torch')}"
    assert {each.decision for unit in made.values() for each in unit.smoke} == {"reuse"}


def test_the_reason_of_a_changed_service(fleet: Path):
    before = known(fleet, *ALL)
    write_fleet(
        fleet,
        {
            "speech/src/main.py": "x",
            "speech/src/a.py": "y",
            "speech/Dockerfile": "ARG BASE_IMAGE\nFROM a:1\n",
        },
    )
    digests = {**EXTERNAL, "docker.io/library/a:1": DIGEST}
    made = make_plan(survey_of(fleet), keys_of(fleet, digests), known=before, wanted=WANTED)
    assert told(made)["speech"].startswith("build: speech/Dockerfile changed (+")
    assert [name for name, text in told(made).items() if text.startswith("build")] == ["speech"]


def test_a_changed_family_builds_its_descendants_only(fleet: Path):
    before = known(fleet, *ALL)
    write_fleet(fleet, {"families/vision": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN x\n"})
    texts = told(plan(fleet, before))
    assert texts["vision"] == "build: families/vision changed"
    assert texts["seeing"] == "build: parent vision is built again"
    assert all(texts[name].startswith("reuse: sha256:") for name in ("base", "torch", "speech"))


def test_epoch_raised(fleet: Path):
    before = known(fleet, *ALL)
    path = fleet / "fleet.toml"
    path.write_text(path.read_text().replace("[fleet]", "[fleet]\nepoch = 1"))
    assert told(plan(fleet, before))["speech"] == "build: epoch raised (+1 more)"


def test_forced(fleet: Path):
    made = plan(fleet, known(fleet, *ALL), replace(WANTED, rebuild=True))
    assert set(told(made).values()) == {"build: forced"}


def test_a_candidate_that_is_gone(fleet: Path):
    before = known(fleet, *ALL)
    made = plan(fleet, replace(before, candidates={}))
    assert set(told(made).values()) == {"build: its candidate is gone from the registry"}


def test_a_base_that_is_built_leaves_its_children_reused(fleet: Path):
    before = known(fleet, *ALL)
    torch = keys_of(fleet)["torch"].hex
    made = units(
        plan(fleet, replace(before, candidates={k: v for k, v in before.candidates.items() if k != torch}))
    )
    assert (made["torch"].decision, made["speech"].decision, made["speech"].base_reference) == (
        "build",
        "reuse",
        "",
    )


def smoke(made: Plan, name: str = "speech") -> list[tuple[str, str, str]]:
    return [(each.service, each.decision, each.because) for each in units(made)[name].smoke]


NO_EVIDENCE = "no evidence for this digest and test"


def test_another_health_port_gives_no_build_and_one_smoke_run_and_one_side_by_side(fleet: Path):
    before = known(fleet, *ALL)
    path = fleet / "fleet.toml"
    path.write_text(path.read_text().replace("6800", "6900"))
    made = plan(fleet, before)
    assert {unit.decision for unit in made.units} == {"reuse"}
    assert smoke(made)[0] == ("STT", "run", NO_EVIDENCE)
    assert smoke(made)[1][:2] == ("TTS", "reuse")
    assert smoke(made)[2] == ("speech", "run", NO_EVIDENCE)


@pytest.mark.parametrize(
    ("wanted", "because"),
    [
        pytest.param(replace(WANTED, fresh=True), "fresh", id="fresh"),
        pytest.param(
            replace(WANTED, hardware="gpu"), NO_EVIDENCE, id="evidence of a CPU does not count for a GPU"
        ),
        pytest.param(replace(WANTED, probe_version="2"), NO_EVIDENCE, id="another probe"),
    ],
)
def test_smoked_again_and_not_built(fleet: Path, wanted: Circumstances, because: str):
    made = plan(fleet, known(fleet, *ALL), wanted)
    assert {unit.decision for unit in made.units} == {"reuse"}
    assert smoke(made) == [(name, "run", because) for name in ("STT", "TTS", "speech")]
    assert all(each.test_key for each in units(made)["speech"].smoke)


def test_lost_evidence_is_never_a_reason_to_build(fleet: Path):
    made = plan(fleet, replace(known(fleet, *ALL), evidence=frozenset()))
    assert {unit.decision for unit in made.units} == {"reuse"}
    assert {each.decision for unit in made.units for each in unit.smoke} == {"run"}
