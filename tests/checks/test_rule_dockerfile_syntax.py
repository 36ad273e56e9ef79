import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("EXPOSE 8008", "EXPOSES 8008", 4, id="unknown instruction"),
        pytest.param("EXPOSE 8008", "EXPOSE 8008\nRUN", 5, id="no argument"),
        pytest.param("EXPOSE 8008", "EXPOSE 8008\nRUN <<EOF\nx", 5, id="here-document"),
        pytest.param("ARG BASE_IMAGE", "RUN x\nARG BASE_IMAGE", 1, id="before FROM"),
    ],
)
def test_problems(fleet: SoundFleet, old: str, new: str, line: int):
    fleet.edit("lone/Dockerfile", old, new)
    assert ("dockerfile-syntax", "lone/Dockerfile", line, "lone") in fleet.found()


def test_an_empty_file(fleet: SoundFleet):
    fleet.write("lone/Dockerfile", "")
    assert ("dockerfile-syntax", "lone/Dockerfile", 1, "lone") in fleet.found()


def test_a_stage_that_is_not_there(fleet: SoundFleet):
    fleet.edit("fleet.toml", "[images.lone]", '[images.lone]\ntarget = "release"')
    line = fleet.line("fleet.toml", "[images.lone]")
    assert ("dockerfile-syntax", "fleet.toml", line, "lone") in fleet.found()


def test_a_stage_that_is_there(fleet: SoundFleet):
    fleet.edit("fleet.toml", "[images.lone]", '[images.lone]\ntarget = "release"')
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", "FROM ${BASE_IMAGE} AS Release")
    assert fleet.found() == []


def test_newer_syntax_is_understood(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "EXPOSE", "COPY --link --chmod=755 <<EOF /x\nFROM nothing\nEOF\nEXPOSE")
    assert fleet.found() == []
