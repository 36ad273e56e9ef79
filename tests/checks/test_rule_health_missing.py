import pytest
from sound_fleet import SoundFleet

TTS = 'health = { start_period = "9s", port = 6801 }\n'
CHECK = "HEALTHCHECK --start-period=9s CMD curl -f http://localhost:${HEALTH_PORT}/health || exit 1\n"


def test_the_dockerfile_suffices(fleet: SoundFleet):
    fleet.edit("fleet.toml", TTS, "")
    assert fleet.found() == []


def test_the_catalog_suffices(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CHECK, "")
    assert fleet.found() == []


@pytest.mark.parametrize("check", ["", "HEALTHCHECK NONE\n", "HEALTHCHECK none\n"])
def test_neither_has_it(fleet: SoundFleet, check: str):
    fleet.edit("fleet.toml", TTS, "")
    fleet.edit("speech/Dockerfile", CHECK, check)
    line = fleet.line("fleet.toml", 'name = "TTS"') - 1
    assert fleet.found() == [("health-missing", "fleet.toml", line, "TTS")]


def test_alive_for_says_that_there_is_none(fleet: SoundFleet):
    fleet.edit("fleet.toml", TTS, 'alive_for = "5s"\n')
    fleet.edit("speech/Dockerfile", CHECK, "")
    assert fleet.found() == []


def test_a_default_command_needs_it_too(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'health = { start_period = "9s", port = 8008 }\n', "")
    fleet.edit("lone/Dockerfile", "HEALTHCHECK", "# HEALTHCHECK")
    assert [(each[0], each[3]) for each in fleet.found()] == [("health-missing", "lone")]


def test_a_family_may_bring_it(fleet: SoundFleet):
    fleet.edit("fleet.toml", TTS, "")
    fleet.edit("speech/Dockerfile", CHECK, "")
    fleet.edit("families/torch", "USER", "HEALTHCHECK --start-period=9s CMD curl x\nUSER")
    assert fleet.found() == []


def test_a_published_family_might_bring_it(fleet: SoundFleet):
    fleet.edit("fleet.toml", TTS, "")
    fleet.edit("speech/Dockerfile", CHECK, "")
    fleet.publish()
    assert fleet.found() == []
