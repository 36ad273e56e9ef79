import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize(
    "lines",
    [
        *("VOLUME /data", 'VOLUME ["/data"]', "ENV HF_HOME=/models/hf", "ENV A=/x\nVOLUME ${A}/y"),
        *("RUN mkdir -p /data\nVOLUME /data", "USER root\nWORKDIR /data\nUSER 10001\nVOLUME /data"),
    ],
)
def test_it_belongs_to_root(fleet: SoundFleet, lines: str):
    fleet.edit("speech/Dockerfile", "EXPOSE", f"{lines}\nEXPOSE")
    fleet.edit("speech/Dockerfile", "FROM ${BASE_IMAGE}", "FROM ${BASE_IMAGE}\nUSER root")
    fleet.edit("speech/Dockerfile", "CMD [", "USER 10001\nCMD [")
    line = 8 + lines.count("\n") + 1
    assert fleet.found() == [("directory-writable", "speech/Dockerfile", line, "speech")]
    assert fleet.lint()[0].severity == "warning" and "10001 cannot write" in fleet.lint()[0].message


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param("RUN mkdir /data && chown 10001 /data\nVOLUME /data", id="chown"),
        pytest.param("RUN install -d -o 10001 /data\nVOLUME /data/deep", id="above it"),
        pytest.param("USER 10001\nWORKDIR /data\nVOLUME /data", id="WORKDIR of the user"),
        pytest.param("COPY --chown=10001 src /data/\nVOLUME /data", id="COPY --chown"),
        pytest.param("VOLUME /tmp/x", id="tmp"),
        pytest.param("ENV HF_HOME=/home/app/.cache", id="home"),
        pytest.param("ENV HF_HOME=cache", id="relative"),
        pytest.param("ENV MODELS=/models", id="not known to be written"),
    ],
)
def test_the_user_has_it_or_that_cannot_be_told(fleet: SoundFleet, lines: str):
    fleet.edit("speech/Dockerfile", "EXPOSE", f"{lines}\nEXPOSE")
    fleet.edit("speech/Dockerfile", "FROM ${BASE_IMAGE}", "FROM ${BASE_IMAGE}\nUSER root")
    fleet.edit("speech/Dockerfile", "CMD [", "USER 10001\nCMD [")
    assert fleet.found() == []


def test_a_published_family_may_have_made_it(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "EXPOSE", "VOLUME /data\nUSER 10001\nEXPOSE")
    fleet.edit("fleet.toml", 'dockerfile = "families/torch"', 'tag = "1"')
    (fleet.root / "families/torch").unlink()
    assert "directory-writable" not in [each[0] for each in fleet.found()]


def test_in_a_family_it_is_told_once(fleet: SoundFleet):
    fleet.edit("families/torch", "USER", "VOLUME /data\nUSER")
    line = fleet.line("families/torch", "VOLUME")
    assert [each[:3] for each in fleet.found()] == [("directory-writable", "families/torch", line)]
