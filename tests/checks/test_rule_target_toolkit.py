from sound_fleet import SoundFleet


def test_older_than_the_toolkits_own_driver(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'driver = "535.183.01"', 'driver = "530.30.01"')
    line = fleet.line("fleet.toml", "[targets.pc]")
    assert fleet.found() == [("target-toolkit", "fleet.toml", line, "pc")]
    assert "530.30.02" in fleet.lint()[0].message


def test_the_toolkits_own_driver(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'driver = "535.183.01"', 'driver = "530.30.02"')
    assert fleet.found() == []


def test_a_cuda_that_is_not_in_the_tables(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'cuda = "12.1"', 'cuda = "12.99"')
    fleet.edit("fleet.toml", "[targets.pc]", '[root]\nsource = "docker.io/library/debian:12"\n[targets.pc]')
    assert [(each[0], each[3]) for each in fleet.found()] == [("target-toolkit", "pc")]
    assert "no driver is known for CUDA 12.99" in fleet.lint()[0].message
