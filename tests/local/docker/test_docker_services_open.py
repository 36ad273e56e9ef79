"""What a service tells of its open ports, and what is made of it."""

import pytest

from pipeline.local.docker.services import is_mine, is_open

# Read in a container: http.server on 0.0.0.0:8080, on 127.0.0.1:9090 and on [::]:7070.
SOCKETS = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5112 1
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5111 1
   2: 020011AC:0BB8 030011AC:1F91 01 00000000:00000000 00:00000000 00000000     0        0 5113 1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr
   0: 00000000000000000000000000000000:1B9E 00000000000000000000000000000000:0000 0A 00000000:00000000 00
   1: 00000000000000000000000001000000:2383 00000000000000000000000000000000:0000 0A 00000000:00000000 00
"""


@pytest.mark.parametrize(
    ("port", "expected"),
    [(8080, True), (7070, True), (9090, False), (9091, False), (3000, False), (8081, False), (80, False)],
    ids=["IPv4", "IPv6", "loopback", "IPv6 loopback", "a connection", "its other end", "none"],
)
def test_a_port_is_open_to_others(port: int, expected: bool) -> None:
    assert is_open(port, SOCKETS) is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ('exec failed: exec: "cat": executable file not found in $PATH: unknown', True),
        ("container 1f2e is not running", False),
        ("", False),
    ],
    ids=["nothing to ask with", "it has ended", "nothing"],
)
def test_a_service_that_cannot_tell_is_ready_and_one_that_ended_is_not(told: str, expected: bool) -> None:
    assert is_open(8080, told) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("192.0.2.77", False), ("", False)],
    ids=["of this machine", "of another", "none"],
)
def test_a_bridge_is_here_when_its_address_is(address: str, expected: bool) -> None:
    assert is_mine(address) is expected
