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


@pytest.mark.parametrize(
    ("user", "copy", "count"),
    [
        pytest.param("10001:20", "COPY --chown=0:20 --chmod=640", 0, id="its group may"),
        pytest.param("10001:30", "COPY --chown=0:20 --chmod=640", 1, id="another group may"),
        pytest.param("10001:0", "COPY --chown=20000 --chmod=640", 1, id="the group of another owner"),
        pytest.param("10001:0", "COPY --chmod=601", 1, id="its group may only execute"),
        pytest.param("10001", "COPY --chmod=601", 1, id="others may only execute"),
        pytest.param("10001", "COPY --chown=10001 --chmod=011", 1, id="the owner may only execute"),
        pytest.param("10001", "COPY --chmod=00600", 1, id="five digits"),
    ],
)
def test_groups_and_bits(fleet: SoundFleet, user: str, copy: str, count: int):
    fleet.edit("families/torch", "USER 10001", f"USER {user}")
    fleet.edit("speech/Dockerfile", "COPY src", f"{copy} src")
    assert [each[0] for each in fleet.found()] == ["file-unreadable"] * count


@pytest.mark.parametrize(("run", "count"), [("RUN true", 1), ("RUN chown 10001 /app/main.py", 0)])
def test_what_a_later_run_does(fleet: SoundFleet, run: str, count: int):
    fleet.edit("speech/Dockerfile", "COPY src", "COPY --chmod=600 src")
    fleet.edit("speech/Dockerfile", "EXPOSE", f"{run}\nEXPOSE")
    assert len(fleet.found()) == count


@pytest.mark.parametrize(("chown", "owner"), [("", "root"), ("--chown=20000 ", "20000")])
def test_who_may_and_who_may_not(fleet: SoundFleet, chown: str, owner: str):
    fleet.edit("speech/Dockerfile", "COPY src", f"COPY {chown}--chmod=600 src")
    assert [each.message for each in fleet.lint()] == [f"COPY --chmod=600 lets {owner} read, but not 10001"]
