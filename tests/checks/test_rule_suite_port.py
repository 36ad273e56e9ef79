from sound_fleet import SoundFleet


def test_two_services_of_one_image_bind_the_same_port(fleet: SoundFleet):
    fleet.edit("fleet.toml", "ports = [5801]", "ports = [5800]\nhost_port = { 5800 = 15800 }")
    line = fleet.line("fleet.toml", 'name = "TTS"') - 1
    assert fleet.found() == [("suite-port", "fleet.toml", line, "TTS")]
    assert "STT and TTS both bind port 5800 in speech" in fleet.lint()[0].message


def test_a_health_port_counts(fleet: SoundFleet):
    fleet.edit("fleet.toml", "port = 6801 }", "port = 6800 }\nhost_port = { 6800 = 6801 }")
    assert [(each[0], each[3]) for each in fleet.found()] == [("suite-port", "TTS")]


def test_another_image_may_bind_the_same_port(fleet: SoundFleet):
    fleet.edit("fleet.toml", "port = 8008 }", "port = 8008 }\nports = [5800]\nhost_port = { 5800 = 15800 }")
    fleet.edit("lone/Dockerfile", "EXPOSE 8008", "EXPOSE 8008 5800")
    assert fleet.found() == []


def test_on_one_port_of_the_host_it_is_a_collision_already(fleet: SoundFleet):
    fleet.edit("fleet.toml", "ports = [5801]", "ports = [5800]")
    assert [each[0] for each in fleet.found()] == ["port-collision"]
