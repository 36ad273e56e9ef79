from pathlib import Path

import pytest
from small_fleet import FILES, survey_of, write_fleet

from pipeline.errors import UsageError


def names(root: Path, *only: str) -> list[str]:
    return [unit.name for unit in survey_of(root, only).units]


def test_families_come_before_what_stands_on_them_whatever_the_order(tmp_path: Path):
    head, rest = FILES["fleet.toml"].split("[families.base]")
    base, rest = rest.split("[families.torch]")
    root = write_fleet(
        tmp_path, {**FILES, "fleet.toml": f"{head}[families.torch]{rest}\n[families.base]{base}"}
    )
    assert names(root) == ["base", "torch", "vision", "speech", "seeing"]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        pytest.param(["speech"], ["base", "torch", "speech"], id="image: its ancestors"),
        pytest.param(["vision"], ["base", "torch", "vision", "seeing"], id="family: its descendants, too"),
        pytest.param(["base"], ["base", "torch", "vision", "speech", "seeing"], id="first family: all"),
        pytest.param(["speech", "vision"], ["base", "torch", "vision", "speech", "seeing"], id="two"),
    ],
)
def test_only(fleet: Path, only: list[str], expected: list[str]):
    assert names(fleet, *only) == expected


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("spech", "did you mean speech?"),
        ("STT", "it is a service of speech"),
        ("zzz", "there are base, seeing, speech, torch, vision"),
    ],
)
def test_only_with_an_unknown_name(fleet: Path, name: str, hint: str):
    with pytest.raises(UsageError) as caught:
        names(fleet, name)
    assert hint in str(caught.value)


def test_a_published_family_is_not_built_and_ends_the_chain(tmp_path: Path):
    text = FILES["fleet.toml"].replace(
        'dockerfile = "families/torch"\nbase = "base"', 'tag = "1"\nbase = "base"'
    )
    root = write_fleet(tmp_path, {**FILES, "fleet.toml": text})
    assert names(root, "speech") == ["speech"]
    assert names(root, "torch") == ["vision", "speech", "seeing"]
    assert [(base.name, str(base.reference)) for base in survey_of(root, ["speech"]).published] == [
        ("torch", "ghcr.io/org/torch:1")
    ]


def test_units_tell_what_to_build(fleet: Path):
    units = {unit.name: unit for unit in survey_of(fleet).units}
    speech, base = units["speech"], units["base"]
    assert (speech.kind, speech.base, speech.repository) == ("image", "torch", "ghcr.io/org/ai_system/speech")
    assert (base.kind, base.base, base.repository) == ("family", "root-cu121", "ghcr.io/org/base")
    assert speech.onbuild == ("COPY onbuild.txt /",) and units["seeing"].onbuild == ()
    assert [service.name for service in speech.services] == ["STT", "TTS", "speech"]
    assert [service.name for service in speech.suite] == ["STT", "TTS"]
    assert [service.name for service in base.services] == ["base"]
    assert units["torch"].services == ()


def test_labels_are_constant_and_do_not_know_the_registry_of_the_run(fleet: Path):
    units = {unit.name: unit for unit in survey_of(fleet).units}
    assert units["speech"].labels == {
        "org.opencontainers.image.title": "speech",
        "org.opencontainers.image.source": "https://example.org/fleet",
        "org.opencontainers.image.base.name": "ghcr.io/example/torch",
    }
    assert units["base"].labels["org.opencontainers.image.base.name"] == "ghcr.io/example/root-cu121:12.1.1"


def test_what_must_be_resolved(fleet: Path):
    found = survey_of(fleet)
    assert found.external == ("docker.io/library/python:3.11", "ghcr.io/tools/uv:1")
    assert found.remote == ("https://example.org/model.bin",)
    assert [str(base.reference) for base in found.published] == ["ghcr.io/org/root-cu121:12.1.1"]


def test_a_pinned_image_need_not_be_resolved(fleet: Path):
    path = fleet / "speech/Dockerfile"
    path.write_text(path.read_text().replace("python:3.11", "python:3.11@sha256:" + "1" * 64))
    assert survey_of(fleet).external == ("ghcr.io/tools/uv:1",)


def test_a_reference_that_is_none_does_not_stop_the_survey(fleet: Path):
    path = fleet / "speech/Dockerfile"
    path.write_text(path.read_text().replace("ghcr.io/tools/uv:1", "Not_A Reference"))
    assert "docker.io/library/python:3.11" in survey_of(fleet).external


ARGUMENTS = {
    "with a default, given, of the platform": (
        "ARG A=1\nARG FLAVOUR\nARG TARGETARCH",
        "A FLAVOUR TARGETARCH",
    ),
    "without a value": ("ARG A", ""),
    "set by ENV, before or after": ("ENV A=1\nARG A=2\nARG B=1\nENV B=$B", ""),
    "of a stage that it starts from": ("ARG A=1\nFROM last AS next", "A"),
    "of a stage that it only copies from": ("ARG A=1\nFROM ${BASE_IMAGE}\nCOPY --from=last /x /y", ""),
    "for what stands on it": ("ONBUILD ARG A=1", ""),
}


@pytest.mark.parametrize(("lines", "expected"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_the_arguments_that_an_image_must_not_keep(tmp_path: Path, lines: str, expected: str):
    dockerfile = f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}} AS last\n{lines}\n"
    root = write_fleet(tmp_path, {**FILES, "speech/Dockerfile": dockerfile})
    [speech] = [unit for unit in survey_of(root).units if unit.name == "speech"]
    assert speech.arguments == tuple(expected.split())
