"""Several platforms in keys and in every form of the plan; one platform is planned as ever."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_fleet import DIGEST, EXTERNAL, keys_of, survey_of

from pipeline.catalog.service import Service
from pipeline.planning.inputs import build_keys
from pipeline.planning.plan import Circumstances, Known, Plan, make_plan, unit_test_key
from pipeline.planning.reasons import changed
from pipeline.planning.show import show_plan
from pipeline.planning.sources import Sources

BOTH = 'platforms = ["linux/amd64", "linux/arm64"]'


def say(root: Path, table: str, text: str) -> None:
    path = root / "fleet.toml"
    path.write_text(path.read_text().replace(table, f"{table}\n{text}"))


def plan_of(root: Path) -> Plan:
    found = survey_of(root)
    keys = build_keys(found, Sources(root), EXTERNAL)
    return make_plan(found, keys, known=Known(digests=EXTERNAL), wanted=Circumstances(probe_version="1"))


def test_one_platform_has_the_key_that_it_always_had(fleet: Path):
    before = keys_of(fleet)
    assert {key.inputs["platform"] for key in before.values()} == {"linux/amd64"}
    say(fleet, "[fleet]", 'platforms = ["linux/amd64"]')
    assert keys_of(fleet) == before


def test_several_platforms_are_one_key_in_their_order(fleet: Path):
    one = keys_of(fleet)["speech"]
    say(fleet, "[fleet]", BOTH)
    two = keys_of(fleet)["speech"]
    assert two.inputs["platform"] == "linux/amd64,linux/arm64"
    assert changed(one.inputs, two.inputs) == "another platform (+1 more)"  # its family's too
    path = fleet / "fleet.toml"
    path.write_text(path.read_text().replace(BOTH, 'platforms = ["linux/arm64", "linux/amd64"]'))
    assert keys_of(fleet)["speech"].hex not in (one.hex, two.hex)


@pytest.mark.parametrize(
    ("line", "file"),
    [
        pytest.param("ARG TARGETARCH\nCOPY bin/$TARGETARCH /bin/x", "bin/arm64", id="what it is for"),
        pytest.param("ARG BUILDARCH\nCOPY bin/$BUILDARCH /bin/x", "bin/arm64", id="what builds it"),
        pytest.param(
            "ARG BUILDARCH\nARG TARGETARCH\nCOPY bin/$BUILDARCH-$TARGETARCH /bin/x",
            "bin/arm64-amd64",
            id="both",
        ),
    ],
)
def test_files_of_any_platform_are_in_the_key(fleet: Path, line: str, file: str):
    dockerfile = fleet / "seeing/Dockerfile"
    dockerfile.write_text(f"{dockerfile.read_text()}{line}\n")
    (fleet / "bin").mkdir()
    (fleet / file).write_text("one")
    assert f"file:{file}" not in keys_of(fleet)["seeing"].inputs
    say(fleet, "[fleet]", BOTH)
    assert f"file:{file}" in keys_of(fleet)["seeing"].inputs


def test_images_that_only_one_platform_names_are_resolved_too(fleet: Path):
    dockerfile = fleet / "seeing/Dockerfile"
    dockerfile.write_text(
        f"ARG TARGETARCH\nFROM tools:$TARGETARCH AS tools\n{dockerfile.read_text()}COPY --from=tools /x /\n"
    )
    say(fleet, "[fleet]", BOTH)
    found = survey_of(fleet)
    named = ("docker.io/library/tools:amd64", "docker.io/library/tools:arm64")
    assert {*named} <= {*found.external}
    digests = EXTERNAL | dict.fromkeys(named, DIGEST)
    before = build_keys(found, Sources(fleet), digests)["seeing"]
    after = build_keys(found, Sources(fleet), digests | {named[1]: "sha256:" + "b" * 64})["seeing"]
    assert changed(before.inputs, after.inputs) == f"{named[1]} has other content"


def test_evidence_of_one_native_platform_is_none_of_another(fleet: Path):
    def keys(native: str) -> set[str]:
        wanted = Circumstances(probe_version="1", native=native)
        unit = next(each for each in survey_of(fleet).units if each.name == "speech")
        return {unit_test_key(unit, Service(name="STT"), DIGEST, wanted=wanted)}

    assert keys("") == keys("linux/amd64") == keys("linux/arm64")
    say(fleet, "[fleet]", BOTH)
    assert keys("linux/amd64") != keys("linux/arm64") == keys("linux/arm64/v8")


def matrix(text: str) -> list[str]:
    return [part["platforms"] for wave in json.loads(text).values() for part in wave["include"]]


SHOWN: dict[str, Callable[[str], object]] = {
    "table": lambda text: [line.split()[2] for line in text.splitlines()[:-1]],
    "json": lambda text: [",".join(unit["platforms"]) for unit in json.loads(text)["units"]],
    "bake": lambda text: [",".join(each["platforms"]) for each in json.loads(text)["target"].values()],
    "commands": lambda text: [
        words[words.index("--platform") + 1] if "--platform" in words else "linux/amd64"
        for words in map(str.split, text.splitlines())
    ],
}


@pytest.mark.parametrize("form", SHOWN)
def test_each_form_of_a_plan_says_the_platforms(fleet: Path, form: str):
    say(fleet, "[fleet]", BOTH)
    say(fleet, "[images.seeing]", 'platforms = ["linux/amd64"]')
    told = SHOWN[form](show_plan(plan_of(fleet), form, tag="t"))  # type: ignore[arg-type]
    assert told == [*["linux/amd64,linux/arm64"] * 4, "linux/amd64"]


def test_a_matrix_says_what_each_machine_must_be_able_to_build(fleet: Path):
    assert "platforms" not in show_plan(plan_of(fleet), "matrix", tag="t")
    say(fleet, "[fleet]", BOTH)
    say(fleet, "[images.seeing]", 'platforms = ["linux/arm64"]')
    families, *images = matrix(show_plan(plan_of(fleet), "matrix", tag="t"))
    assert (families, images) == ("linux/amd64,linux/arm64", ["linux/arm64", "linux/amd64,linux/arm64"])
    families, *images = matrix(show_plan(plan_of(fleet), "matrix", tag="t", shards=1))
    assert (families, images) == ("linux/amd64,linux/arm64", ["linux/arm64,linux/amd64"])


def test_one_platform_is_shown_as_ever(fleet: Path):
    text = show_plan(plan_of(fleet), "table", tag="t") + show_plan(plan_of(fleet), "commands", tag="t")
    assert "platform" not in text and "linux/" not in text
