import pytest
from sound_fleet import SoundFleet


def test_not_exposed(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "EXPOSE 5800 5801", "EXPOSE 5800")
    assert fleet.found() == [("port-exposed", "speech/Dockerfile", 4, "TTS")]
    assert fleet.lint()[0].severity == "warning"


def test_a_fixed_health_port_counts(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "EXPOSE 8008\n", "")
    assert fleet.found() == [("port-exposed", "lone/Dockerfile", 2, "lone")]


@pytest.mark.parametrize(
    "expose",
    [
        "EXPOSE 5800/tcp 5801/udp",
        "EXPOSE 5800-5801",
        "EXPOSE 5801\nEXPOSE 5800",
        "ENV P=5800\nEXPOSE $P 5801",
    ],
)
def test_forms_of_expose(fleet: SoundFleet, expose: str):
    fleet.edit("speech/Dockerfile", "EXPOSE 5800 5801", expose)
    assert fleet.found() == []


def test_a_family_may_expose_it(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "EXPOSE 5800 5801\n", "")
    fleet.edit("families/torch", "USER", "EXPOSE 5800 5801\nUSER")
    assert fleet.found() == []


def test_another_stage_does_not(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "EXPOSE 5800 5801\n", "")
    fleet.edit("speech/Dockerfile", "COPY requirements", "EXPOSE 5800 5801\nCOPY requirements")
    assert [each[3] for each in fleet.found()] == ["STT", "TTS"]
