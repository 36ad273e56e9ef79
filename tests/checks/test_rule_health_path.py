import pytest
from sound_fleet import SoundFleet


def test_the_catalog_says_another_path(fleet: SoundFleet):
    fleet.edit("fleet.toml", "port = 8008", 'port = 8008, path = "/ready"')
    assert fleet.found() == [("health-path", "lone/Dockerfile", 5, "lone")]
    assert "asks /health, the catalog /ready" in fleet.lint()[0].message


@pytest.mark.parametrize("path", ["", "/", "/healthz"])
def test_the_dockerfile_asks_another_path(fleet: SoundFleet, path: str):
    fleet.edit("lone/Dockerfile", ":8008/health", f":8008{path}")
    assert fleet.found() == [("health-path", "lone/Dockerfile", 5, "lone")]


@pytest.mark.parametrize("path", ["/health?full=1", "/$WHERE"])
def test_the_same_or_unknown(fleet: SoundFleet, path: str):
    fleet.edit("lone/Dockerfile", ":8008/health", f":8008{path}")
    assert fleet.found() == []


def test_a_script_asks_what_it_likes(fleet: SoundFleet):
    fleet.edit(
        "fleet.toml", "port = 8008", 'port = 8008, path = "/ready", script = "/usr/bin/python3 -m check"'
    )
    assert fleet.found() == []
