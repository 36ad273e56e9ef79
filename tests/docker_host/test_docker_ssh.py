"""What ssh forwards is used once it can be, not once its file is there."""

import socket
import sys
from pathlib import Path

import pytest

from pipeline.docker_host.ssh import forwarded

# NB: between bind() and listen() a machine may do something else; any ssh lets the socket be seen meanwhile.
SLOW = """#!{python}
import socket, sys, time
path = sys.argv[sys.argv.index("-L") + 1].partition(":")[0]
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(path)
    time.sleep(0.5)
    listener.listen()
    sys.stdin.read()
"""


def test_a_socket_that_does_not_listen_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ssh").write_text(SLOW.format(python=sys.executable))
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with forwarded("ssh://far") as path, socket.socket(socket.AF_UNIX) as asking:
        asking.connect(path)
    assert not Path(path).exists()
