"""From what DOCKER_HOST says to what is connected to."""

from pathlib import Path

import pytest

from pipeline.docker_host.address import reached
from pipeline.errors import EngineError


@pytest.mark.parametrize(
    ("host", "socket", "url"),
    [
        ("unix:///run/docker.sock", "/run/docker.sock", "http://docker:80"),
        ("unix:///run/docker.sock#1?x", "/run/docker.sock#1?x", "http://docker:80"),
        ("tcp://far", "", "http://far:2375"),
        ("tcp://far:80", "", "http://far:80"),
        ("tcp://[::1]:2375", "", "http://[::1]:2375"),
    ],
)
def test_an_address_leads_to_a_socket_or_a_port(host: str, socket: str, url: str) -> None:
    with reached(host) as address:
        assert (address.socket, address.url) == (socket, url)


RELATIVE = ["unix:/run/docker.sock", "unix://run/docker.sock", "unix://docker.sock", "unix://~/docker.sock"]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "unix://",
        "docker",
        "tcp://",
        "ssh://",
        "fd://3",
        "tcp://far:x",
        "ssh://far:70000",
        "tcp://[::1",
        *RELATIVE,
    ],
)
def test_what_is_no_address_is_refused_in_one_line(host: str) -> None:
    with pytest.raises(EngineError, match="no address of a Docker Engine") as failed, reached(host):
        pass
    assert "\n" not in str(failed.value)


def test_of_a_relative_path_it_is_said_which_one_may_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        pytest.raises(EngineError, match=f"unix://{tmp_path}/run/docker.sock$"),
        reached("unix://run/docker.sock"),
    ):
        pass
