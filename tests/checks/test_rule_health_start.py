import pytest
from sound_fleet import SoundFleet

FLAG = "--start-period=9s "
KEY = 'start_period = "9s", '


@pytest.mark.parametrize("check", ["", "--start-period=0s ", "--interval=5s ", "--start-period=0m0.0s "])
def test_neither_has_one(fleet: SoundFleet, check: str):
    fleet.edit("lone/Dockerfile", FLAG, check)
    fleet.edit("fleet.toml", f"{KEY}port = 8008", "port = 8008")
    assert fleet.found() == [("health-start", "lone/Dockerfile", 5, "lone")]


def test_told_once_for_a_suite(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", FLAG, "")
    assert fleet.found() == []
    fleet.edit("fleet.toml", f"{KEY}port = 6800", "port = 6800")
    fleet.edit("fleet.toml", f"{KEY}port = 6801", "port = 6801")
    assert fleet.found() == [("health-start", "speech/Dockerfile", 9, "speech")]
    assert "the catalog one for STT" in fleet.lint()[0].message


@pytest.mark.parametrize("flag", ["--start-period=500ms ", "--start-period=1m ", "--start-period=0h0m9s "])
def test_the_dockerfile_has_it(fleet: SoundFleet, flag: str):
    fleet.edit("lone/Dockerfile", FLAG, flag)
    fleet.edit("fleet.toml", f"{KEY}port = 8008", "port = 8008")
    assert fleet.found() == []


def test_a_check_of_the_catalog_alone(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "HEALTHCHECK", "# HEALTHCHECK")
    assert fleet.found() == []
    fleet.edit("fleet.toml", f"{KEY}port = 8008", "port = 8008")
    assert fleet.found() == [
        ("health-start", "fleet.toml", fleet.line("fleet.toml", "[images.lone]"), "lone")
    ]
    assert fleet.lint()[0].fix.startswith("add start_period")


def test_what_is_only_watched_needs_none(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "HEALTHCHECK", "# HEALTHCHECK")
    fleet.edit("fleet.toml", f"health = {{ {KEY}port = 8008 }}", 'alive_for = "2s"')
    assert fleet.found() == []
