from sound_fleet import SoundFleet


def test_a_reserved_port(fleet: SoundFleet):
    fleet.edit("fleet.toml", "reserved_ports = [22]", "reserved_ports = [22, 6801]")
    line = fleet.line("fleet.toml", 'name = "TTS"') - 1
    assert fleet.found() == [("port-reserved", "fleet.toml", line, "TTS")]
    assert "reserved on pc" in fleet.lint()[0].message


def test_it_is_the_port_on_the_host_that_counts(fleet: SoundFleet):
    fleet.edit("fleet.toml", "reserved_ports = [22]", "reserved_ports = [22, 6801]")
    fleet.edit("fleet.toml", "port = 6801 }", "port = 6801 }\nhost_port = { 6801 = 16801 }")
    assert fleet.found() == []
    fleet.edit("fleet.toml", "= 16801", "= 22")
    assert [(each[0], each[3]) for each in fleet.found()] == [("port-reserved", "TTS")]
