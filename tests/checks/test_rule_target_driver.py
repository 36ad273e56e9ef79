from sound_fleet import SoundFleet


def test_a_driver_too_old_for_a_family(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'driver = "535.183.01"', 'driver = "470.223.02"')
    line = fleet.line("fleet.toml", "[targets.pc]")
    assert fleet.found() == [("target-driver", "fleet.toml", line, "pc")]
    assert "CUDA 12.1 runs on 525.60.13 and newer" in fleet.lint()[0].message


def test_the_oldest_that_runs_is_no_error(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'driver = "535.183.01"', 'driver = "525.60.13"')
    assert [each[0] for each in fleet.found()] == ["target-toolkit"]


def test_a_family_without_cuda_asks_for_nothing(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'driver = "535.183.01"', 'driver = "470.223.02"')
    fleet.edit("fleet.toml", 'cuda = "12.1"', "")
    assert fleet.found() == []
