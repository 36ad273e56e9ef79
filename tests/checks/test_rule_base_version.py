import pytest
from sound_fleet import SoundFleet

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize("image", ["python:3.11", f"python@{DIGEST}", f"python:latest@{DIGEST}", "scratch"])
def test_with_a_version(fleet: SoundFleet, image: str):
    fleet.edit("speech/Dockerfile", "docker.io/library/python:3.11", image)
    assert fleet.found() == []


@pytest.mark.parametrize("image", ["python", "python:latest", "ghcr.io:443/a/b", "localhost:5000/x"])
def test_without(fleet: SoundFleet, image: str):
    fleet.edit("speech/Dockerfile", "docker.io/library/python:3.11", image)
    assert fleet.found() == [("base-version", "speech/Dockerfile", 2, "speech")]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("COPY src", "COPY --from=ghcr.io/x/tool /x /x\nCOPY src", 7, id="COPY --from"),
        pytest.param(
            "COPY src", "RUN --mount=from=ghcr.io/x/tool:latest,target=/x y\nCOPY src", 7, id="RUN --mount"
        ),
        pytest.param("ARG BASE_IMAGE", "ARG BASE_IMAGE=ghcr.io/x/family:latest", 1, id="default"),
        pytest.param("docker.io/library/python:3.11", "Not_Valid:1", 2, id="no reference"),
    ],
)
def test_other_places(fleet: SoundFleet, old: str, new: str, line: int):
    fleet.edit("speech/Dockerfile", old, new)
    assert fleet.found() == [("base-version", "speech/Dockerfile", line, "speech")]


def test_a_local_stage_needs_no_version(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "COPY --from=builder", "COPY --from=BUILDER")
    assert fleet.found() == []


def test_the_undeclared_argument_is_another_rules_to_tell(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "ARG BASE_IMAGE\n", "")
    assert [each[0] for each in fleet.found()] == ["base-argument"]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("python:latest", "python:latest names no version"),
        ("Not_Valid:1", "'Not_Valid:1' is no image reference"),
    ],
)
def test_what_is_wrong_with_it_is_told(fleet: SoundFleet, image: str, message: str):
    fleet.edit("speech/Dockerfile", "docker.io/library/python:3.11", image)
    assert [each.message for each in fleet.lint()] == [message]
