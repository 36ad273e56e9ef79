import pytest
from sound_fleet import SoundFleet

CHECK = "HEALTHCHECK --start-period=9s CMD"


@pytest.mark.parametrize("text", ["HEALTHCHECK NONE", "healthcheck none"])
def test_switched_off_though_the_catalog_has_it(fleet: SoundFleet, text: str):
    fleet.edit("speech/Dockerfile", CHECK, f"{text}\nRUN #")
    assert fleet.found() == [("health-none", "speech/Dockerfile", 9, "speech")]
    assert fleet.lint()[0].severity == "warning"


def test_an_inherited_one_is_told_once(fleet: SoundFleet):
    fleet.edit("families/torch", "USER", "HEALTHCHECK NONE\nUSER")
    fleet.edit("speech/Dockerfile", CHECK, "# ")
    fleet.edit("lone/Dockerfile", CHECK, "# ")
    assert fleet.found() == [("health-none", "families/torch", 5, "speech")]


def test_an_image_that_is_never_asked_may(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'health = { start_period = "9s", port = 8008 }', 'alive_for = "2s"')
    fleet.edit("lone/Dockerfile", CHECK, "HEALTHCHECK NONE\nRUN #")
    assert fleet.found() == []


def test_one_service_of_two_that_is_only_watched(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'health = { start_period = "9s", port = 6801 }', 'alive_for = "2s"')
    fleet.edit("speech/Dockerfile", CHECK, "HEALTHCHECK NONE\nRUN #")
    assert [each[0] for each in fleet.found()] == ["health-none"]
