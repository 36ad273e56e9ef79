import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FROM $BASE_IMAGE", id="without braces"),
        pytest.param('FROM "${BASE_IMAGE}"', id="quoted"),
        pytest.param("FROM ${BASE_IMAGE:-x:1}", id="with a default"),
        pytest.param("FROM ${BASE_IMAGE} AS one\nFROM one AS two\nFROM two", id="through stages"),
        pytest.param("FROM --platform=linux/amd64 ${BASE_IMAGE}", id="with a platform"),
    ],
)
def test_injected(fleet: SoundFleet, text: str):
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", text)
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("FROM docker.io/library/python:3.11", 2, id="hard-coded"),
        pytest.param("FROM scratch", 2, id="scratch"),
        pytest.param("FROM ${BASE_IMAGE} AS one\nFROM x:1", 3, id="only a builder stands on it"),
        pytest.param("FROM x:1 AS one\nFROM one", 2, id="through a stage"),
        pytest.param("FROM BASE_IMAGE:1", 2, id="dollar forgotten"),
        pytest.param("FROM ${BASE_IMAGE:+x:1}", 2, id="replaced"),
    ],
)
def test_not_injected(fleet: SoundFleet, text: str, line: int):
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", text)
    found = [each for each in fleet.found() if each[0] == "base-injected"]
    assert found == [("base-injected", "lone/Dockerfile", line, "lone")]


def test_a_builder_may_stand_on_anything(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "docker.io/library/python:3.11", "ghcr.io/x/y:1")
    assert fleet.found() == []


def test_what_it_starts_from_is_told(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", "FROM docker.io/library/debian:12")
    message = "the final stage starts from docker.io/library/debian:12, not from ${BASE_IMAGE}"
    assert [each.message for each in fleet.lint()] == [message]


def test_the_undeclared_argument_is_another_rules_to_tell(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}", "FROM ${BASE_IMAGE} AS one\nFROM one")
    assert [each[0] for each in fleet.found()] == ["base-argument"]
