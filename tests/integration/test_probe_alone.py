"""The probe in a container that has a network to itself: where nothing listens there is not one socket."""

import pytest
from probing import Outcome, probe_file, run_probe

pytestmark = pytest.mark.integration

LISTEN = """
import socket, sys, time
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], 5800), family=family):
    time.sleep(60)
"""


def probed(docker_host: str, base: str, command: list[str], *flags: str) -> Outcome:
    file = probe_file()
    container = [
        "/usr/bin/docker",
        "--host",
        docker_host,
        "run",
        "--rm",
        "-v",
        f"{file}:{file}:ro",
        base,
        "sh",
    ]
    return run_probe(["--tcp", "5800", "--bound", "5800", "--root-may", *flags], command, shell=container)


@pytest.mark.parametrize(
    ("address", "shown"), [("0.0.0.0", "0.0.0.0:5800"), ("::", "[::]:5800")], ids=["IPv4", "IPv6 only"]
)
def test_the_only_socket_of_a_container_is_seen(
    docker_host: str, base: str, address: str, shown: str
) -> None:
    outcome = probed(docker_host, base, ["python3", "-c", LISTEN, address])
    assert outcome.verdict["verdict"] == "passed", outcome.verdict
    assert outcome.check("port 5800")["detail"] == shown


def test_where_nothing_listens_it_says_so(docker_host: str, base: str) -> None:
    outcome = probed(docker_host, base, ["sleep", "60"], "--deadline", "50")
    assert outcome.verdict["verdict"] == "failed"
    assert "nothing listens on port 5800; the container listens on no port" in outcome.verdict["what"]
