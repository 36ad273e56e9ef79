import pytest
from sound_fleet import SoundFleet

URL = "http://localhost:8008/health"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8008/health",
        "http://localhost:$HEALTH_PORT/health",
        "http://localhost:${HEALTH_PORT:-9}/health",
        "http://localhost:$UNKNOWN/health",
        "http://other:9999/health",
    ],
)
def test_agrees_or_cannot_be_told(fleet: SoundFleet, url: str):
    fleet.edit("lone/Dockerfile", URL, url)
    assert fleet.found() == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"])
def test_disagrees(fleet: SoundFleet, host: str):
    fleet.edit("lone/Dockerfile", URL, f"http://{host}:8009/health")
    fleet.edit("lone/Dockerfile", "EXPOSE 8008", "EXPOSE 8008 8009")
    assert fleet.found() == [("health-port", "lone/Dockerfile", 5, "lone")]
    assert "port 8009, the catalog 8008" in fleet.lint()[0].message


def test_through_a_variable(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", URL, "http://localhost:${PORT}/health")
    fleet.edit("lone/Dockerfile", "EXPOSE", "ENV PORT=8009\nEXPOSE 8009")
    assert fleet.found() == [("health-port", "lone/Dockerfile", 6, "lone")]


def test_one_fixed_port_cannot_fit_two_services(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "${HEALTH_PORT}", "6800")
    fleet.edit("speech/Dockerfile", "EXPOSE 5800", "EXPOSE 6800 5800")
    assert fleet.found() == [("health-port", "speech/Dockerfile", 9, "TTS")]


def test_an_inherited_check_is_told_where_it_stands(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "HEALTHCHECK", "# HEALTHCHECK")
    fleet.edit(
        "families/llm",
        "FROM ${BASE_IMAGE}\n",
        "FROM ${BASE_IMAGE}\nEXPOSE 9\nHEALTHCHECK --start-period=9s CMD x localhost:9/health\n",
    )
    assert fleet.found() == [("health-port", "families/llm", 4, "lone")]
