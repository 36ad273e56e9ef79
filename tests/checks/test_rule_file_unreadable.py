import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize(
    "copy",
    [
        *("COPY --chmod=600", "COPY --chmod=0700", "COPY --chmod=750", "COPY --chown=root:root --chmod=640"),
        *("COPY --chown=20000 --chmod=640", "ADD --chmod=600", "COPY --chown=10001 --chmod=044"),
    ],
)
def test_the_user_cannot_read_it(fleet: SoundFleet, copy: str):
    fleet.edit("speech/Dockerfile", "COPY src", f"{copy} src")
    assert fleet.found() == [("file-unreadable", "speech/Dockerfile", 7, "speech")]
    assert fleet.lint()[0].severity == "error"


@pytest.mark.parametrize(
    "copy",
    [
        *("COPY --chmod=644", "COPY --chown=10001 --chmod=600", "COPY --chown=app --chmod=600"),
        *("COPY --chmod=u+x", "COPY --chmod=$MODE"),
    ],
)
def test_it_can_or_that_cannot_be_told(fleet: SoundFleet, copy: str):
    fleet.edit("speech/Dockerfile", "COPY src", f"{copy} src")
    assert fleet.found() == []


def test_a_group_that_may_read_it(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "COPY src", "COPY --chmod=640 src")
    fleet.edit("families/torch", "USER 10001", "USER 10001:0")
    assert fleet.found() == []


def test_a_later_chmod_or_root(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "COPY src", "COPY --chmod=600 src")
    fleet.edit("speech/Dockerfile", "EXPOSE", "RUN chmod -R a+r /app\nEXPOSE")
    assert fleet.found() == []
    fleet.edit("speech/Dockerfile", "RUN chmod -R a+r /app", "USER root")
    assert [each[0] for each in fleet.found()] == ["user-root"]


def test_in_a_family_it_is_told_once(fleet: SoundFleet):
    fleet.write("key", "x")
    fleet.edit("families/torch", "USER", "COPY --chmod=600 key /key\nUSER")
    line = fleet.line("families/torch", "COPY --chmod")
    assert [each[:3] for each in fleet.found()] == [("file-unreadable", "families/torch", line)]
