"""Servers that set-up waits for: one that comes up late, one that ends instead, one that never comes up."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.errors import EngineError
from pipeline.host.machine import processes
from pipeline.host.machine.docker_api import answers

# NB: it does nothing before it is told what to do, and that it is only once it was asked in vain.
SERVER = r"""
import socket, sys
print("configured", flush=True)
if open(sys.argv[2]).read() == "end":
    sys.exit("no such device")
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    while True:
        with listener.accept()[0] as asking:
            asking.recv(4096)
            asking.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
"""


@dataclass(kw_only=True)
class Server:
    """A server of a process of its own, and what it is to do once it was asked in vain ("": nothing)."""

    process: subprocess.Popen[bytes]
    log: Path
    socket: Path
    orders: Path
    order: str
    asked: list[bool] = field(default_factory=list[bool])

    @property
    def record(self) -> dict[str, int]:
        return processes.record_of(self.process.pid)

    def is_up(self) -> bool:
        self.asked.append(answers(f"unix://{self.socket}", timeout=60))
        if len(self.asked) == 1 and self.order:
            self.orders.write_text(self.order)
        return self.asked[-1]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    started: list[Server] = []

    def start(order: str) -> Server:
        log, socket, orders = tmp_path / "log", tmp_path / "s", tmp_path / "orders"
        os.mkfifo(orders)
        command = [sys.executable, "-IS", "-c", SERVER, str(socket), str(orders)]
        process = processes.start_detached(command, log=log)
        started.append(Server(process=process, log=log, socket=socket, orders=orders, order=order))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def test_a_server_that_comes_up_late_is_waited_for_and_kept(server: Callable[[str], Server]) -> None:
    late = server("serve")
    assert processes.comes_up(late.record, late.is_up, deadline=60)
    assert (late.asked[0], late.asked[-1], late.process.poll()) == (False, True, None)
    processes.wait_until_up(late.process, late.is_up, name="late", log=late.log, deadline=60)
    assert late.process.poll() is None


def test_a_server_that_ends_instead_is_told_with_the_end_of_its_log(server: Callable[[str], Server]) -> None:
    """At once: its patience is longer than a test may take."""
    ending = server("end")
    with pytest.raises(
        EngineError, match=r"^\S+/log: a daemon ended with code 1:\n    configured\n    no such device\n"
    ) as failed:
        processes.wait_until_up(ending.process, ending.is_up, name="a daemon", log=ending.log, deadline=1e6)
    assert not any(ending.asked)
    assert failed.value.next_step == "see the log"
    assert not processes.comes_up(ending.record, lambda: True, deadline=1e6), "it does not run"


def test_a_server_that_never_comes_up_is_ended_by_who_started_it_alone(
    server: Callable[[str], Server],
) -> None:
    idle = server("")
    while not idle.log.read_text():
        pass
    assert not processes.comes_up(idle.record, idle.is_up, deadline=0.1)
    assert idle.process.poll() is None
    with pytest.raises(EngineError, match=r"a daemon did not answer within 0 s:\n    configured\n"):
        processes.wait_until_up(idle.process, idle.is_up, name="a daemon", log=idle.log, deadline=0.1)
    assert idle.process.wait(timeout=60) == -signal.SIGTERM
    assert not any(idle.asked)
