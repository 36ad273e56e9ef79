import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize(
    ("old", "new", "subject", "port"),
    [
        pytest.param("port = 8008", "port = 6800", "lone", 6800, id="two health ports"),
        pytest.param("port = 8008 }", "port = 8008 }\nports = [5800]", "lone", 5800, id="two service ports"),
        pytest.param(
            "port = 8008 }", "port = 8008 }\nports = [6801]", "lone", 6801, id="service and health port"
        ),
        pytest.param(
            "port = 8008 }", "port = 8008 }\nhost_port = { 8008 = 5801 }", "lone", 5801, id="by host_port"
        ),
        pytest.param("ports = [5801]", "ports = [5800]", "TTS", 5800, id="within one suite"),
        pytest.param(
            "ports = [5800]",
            "ports = [5800, 5802]\nhost_port = { 5802 = 5800 }",
            "STT",
            5800,
            id="with itself",
        ),
    ],
)
def test_collisions(fleet: SoundFleet, old: str, new: str, subject: str, port: int):
    fleet.edit("fleet.toml", old, new)
    found = [each for each in fleet.lint() if each.rule == "port-collision"]
    assert [each.subject for each in found] == [subject]
    assert f"host port {port} is wanted by" in found[0].message and "host_port = {" in found[0].fix
    assert {each.rule for each in fleet.lint()} <= {"port-collision", "health-port", "port-exposed"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "port = 8008 }", "port = 8008 }\nports = [5800]\nhost_port = { 5800 = 15800 }", id="host_port"
        ),
        pytest.param("ports = [5800]", "ports = [5800, 6800]", id="its own health port listed"),
        pytest.param("ports = [5800]", "ports = [5800, 5800]", id="listed twice"),
    ],
)
def test_none(fleet: SoundFleet, old: str, new: str):
    fleet.edit("fleet.toml", old, new)
    fleet.edit("lone/Dockerfile", "EXPOSE 8008", "EXPOSE 8008 5800")
    fleet.edit("speech/Dockerfile", "EXPOSE 5800", "EXPOSE 5800 6800")
    assert fleet.found() == []


def test_both_are_named_with_their_roles(fleet: SoundFleet):
    fleet.edit("fleet.toml", "port = 8008 }", "port = 8008 }\nports = [6801]")
    found = next(each for each in fleet.lint() if each.rule == "port-collision")
    claims = "TTS of speech (health port 6801) and by lone of lone (service port 6801)"
    assert found.message == f"host port 6801 is wanted by {claims}"
