import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize("text", ["ARG BASE_IMAGE=x:1", "arg BASE_IMAGE", "ARG OTHER=1 BASE_IMAGE"])
def test_declared(fleet: SoundFleet, text: str):
    fleet.edit("lone/Dockerfile", "ARG BASE_IMAGE", text)
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("", 2, "there is no ARG BASE_IMAGE", id="missing"),
        pytest.param("# ARG BASE_IMAGE", 2, "there is no ARG BASE_IMAGE", id="comment"),
        pytest.param("ARG BASE_IMAGES", 2, "there is no ARG BASE_IMAGE", id="another name"),
    ],
)
def test_missing(fleet: SoundFleet, text: str, line: int, message: str):
    fleet.edit("lone/Dockerfile", "ARG BASE_IMAGE", text)
    found = fleet.lint()
    assert [(each.file, each.line, each.subject) for each in found] == [("lone/Dockerfile", line, "lone")]
    assert message in found[0].message and found[0].severity == "error"


def test_declared_after_from(fleet: SoundFleet):
    fleet.edit(
        "lone/Dockerfile",
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}",
        "FROM x:1 AS y\nARG BASE_IMAGE\nFROM ${BASE_IMAGE}",
    )
    found = [each for each in fleet.lint() if each.rule == "base-argument"]
    assert [(each.line, each.subject) for each in found] == [(2, "lone")]
    assert "after the first FROM (line 1)" in found[0].message
