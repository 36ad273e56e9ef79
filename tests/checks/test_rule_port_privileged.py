import pytest
from sound_fleet import SoundFleet


def listen(fleet: SoundFleet, port: int) -> None:
    fleet.edit("fleet.toml", "port = 8008 }", f"port = 8008 }}\nports = [{port}]")
    fleet.edit("lone/Dockerfile", "EXPOSE 8008", f"EXPOSE 8008 {port}")


@pytest.mark.parametrize("port", [80, 443, 1023])
def test_below_1024(fleet: SoundFleet, port: int):
    listen(fleet, port)
    assert fleet.found() == [
        ("port-privileged", "fleet.toml", fleet.line("fleet.toml", "[images.lone]"), "lone")
    ]
    finding = fleet.lint()[0]
    assert finding.message == f"lone binds port {port} as user 10001" and finding.severity == "warning"
    inner = port + 8000
    assert finding.fix == f"bind {inner} and publish it as {port}: host_port = {{ {inner} = {port} }}"


def test_a_health_port_counts(fleet: SoundFleet):
    fleet.edit("fleet.toml", "port = 8008", "port = 88")
    fleet.edit("lone/Dockerfile", "localhost:8008", "localhost:88")
    fleet.edit("lone/Dockerfile", "EXPOSE 8008", "EXPOSE 88")
    assert [each[0] for each in fleet.found()] == ["port-privileged"]


def test_from_1024_on_it_is_free(fleet: SoundFleet):
    listen(fleet, 1024)
    assert fleet.found() == []


def test_the_port_of_the_host_does_not_matter(fleet: SoundFleet):
    listen(fleet, 8080)
    fleet.edit("fleet.toml", "ports = [8080]", "ports = [8080]\nhost_port = { 8080 = 80 }")
    assert fleet.found() == []


@pytest.mark.parametrize("user", ["root", "0:0"])
def test_root_may(fleet: SoundFleet, user: str):
    listen(fleet, 80)
    fleet.edit("lone/Dockerfile", "EXPOSE", f"USER {user}\nEXPOSE")
    assert [each[0] for each in fleet.found()] == ["user-root"]


def test_a_user_that_is_not_known(fleet: SoundFleet):
    listen(fleet, 80)
    fleet.publish()
    assert fleet.found() == []
