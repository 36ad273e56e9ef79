import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize("user", ["root", "0", "0:0", "root:1000", "${NAME:-root}"])
def test_root(fleet: SoundFleet, user: str):
    fleet.edit("lone/Dockerfile", "EXPOSE", f"USER {user}\nEXPOSE")
    assert fleet.found() == [("user-root", "lone/Dockerfile", 4, "lone")]
    assert fleet.lint()[0].severity == "warning"


@pytest.mark.parametrize(
    "text", ["USER root\nRUN x\nUSER 10001", "USER 10001:0", "USER app", "ENV U=app\nUSER $U"]
)
def test_not_root_in_the_end(fleet: SoundFleet, text: str):
    fleet.edit("lone/Dockerfile", "EXPOSE", f"{text}\nEXPOSE")
    assert fleet.found() == []


def test_no_user_anywhere(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001\n", "")
    assert [(each[0], each[1], each[3]) for each in fleet.found()] == [
        ("user-root", "lone/Dockerfile", "lone"),
        ("user-root", "speech/Dockerfile", "speech"),
    ]


def test_a_user_in_a_builder_does_not_count(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001\n", "")
    fleet.edit("speech/Dockerfile", "COPY requirements", "USER 1\nCOPY requirements")
    assert "speech" in [each[3] for each in fleet.found()]


def test_a_published_family_may_have_one(fleet: SoundFleet):
    fleet.publish()
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("docker.io/library/debian:12", 2),
        ("node:20-slim", 2),
        ("docker.io/library/python:3.11-slim", 2),
        ("gcr.io/distroless/static:nonroot", 0),
        ("quay.io/jupyter/base-notebook:1", 0),
    ],
)
def test_a_foreign_image_may_have_one(fleet: SoundFleet, source: str, count: int):
    fleet.edit("fleet.toml", "[targets.pc]", f'[root]\nsource = "{source}"\n[targets.pc]')
    fleet.edit("families/torch", "USER 10001\n", "")
    assert [each[0] for each in fleet.found()] == ["user-root"] * count
