"""A second, empty dockerd on its own data directory, and the docker client for what tests do by hand."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.docker_host.ssh import listens
from pipeline.host.machine.bridge import ensure_bridge, remove_bridge
from pipeline.host.machine.processes import COLLECTING


@dataclass(frozen=True)
class DockerCommand:
    """The docker client, aimed at one daemon."""

    host: str

    def __call__(self, *words: str) -> str:
        environment = os.environ | {"DOCKER_HOST": self.host}
        ended = subprocess.run(
            ["docker", *words], capture_output=True, text=True, env=environment, check=False
        )
        assert ended.returncode == 0, f"docker {' '.join(words)}: {ended.stderr}"
        return ended.stdout.strip()


def push_copy(host: str, source: str, target: str) -> None:
    """Push an image of one registry under a name of another."""
    docker = DockerCommand(host)
    docker("pull", "-q", source)
    docker("tag", source, target)
    docker("push", "-q", target)
    docker("rmi", target)


@dataclass
class Daemon:
    """A dockerd on a data directory of its own, which may be ended and started again."""

    command: Sequence[str]
    directory: Path
    socket: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def docker(self) -> DockerCommand:
        return DockerCommand(self.host)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.socket.unlink(missing_ok=True)
        places = ["--data-root", self.directory / "data", "--exec-root", self._run, "--host", self.host]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, *places, "--pidfile", self.directory / "pid"],
                stdout=log,
                stderr=log,
                env=os.environ | COLLECTING,
            )
        _wait(self.socket, self.process, self.directory / "log")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=120)
            self.process = None
            # NB: its containerd dies with it. Where nobody reaps that, the next dockerd takes it for alive.
            (self._run / "containerd/containerd.pid").unlink(missing_ok=True)

    @property
    def _run(self) -> Path:
        return self.socket.with_name("exec")

    def leave_nothing(self) -> None:
        """End it for good."""
        self.stop()
        # NB: a container on the host's network leaves a mount behind, one of a killed dockerd another.
        for namespace in (self._run / "netns").glob("*"):
            subprocess.run(["umount", namespace], capture_output=True, check=False)
        shutil.rmtree(self.socket.parent, ignore_errors=True)


@contextmanager
def empty_daemon(directory: Path, *options: str) -> Iterator[Daemon]:
    """A dockerd without a single image and without firewall rules; it is ended with the block.

    NB: it has a bridge of its own. With ``--bridge none`` dockerd removes docker0, another daemon's.
    """
    bridge = f"test-{secrets.token_hex(4)}"
    ensure_bridge(bridge)
    try:
        command = ["dockerd", "--bridge", bridge, "--iptables=false", *options]
        with _started(directory, command) as daemon, _open(bridge):
            yield daemon
    finally:
        remove_bridge(bridge)


@contextmanager
def _open(bridge: str) -> Iterator[None]:
    """Its containers reach each other: another dockerd's rules forbid all that they do not know."""
    rule = ("FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT")
    subprocess.run(["iptables", "-w", "-I", *rule], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["iptables", "-w", "-D", *rule], check=True, capture_output=True)


@contextmanager
def empty_docker(directory: Path) -> Iterator[DockerCommand]:
    """The client of an `empty_daemon`."""
    with empty_daemon(directory) as daemon:
        yield daemon.docker


@contextmanager
def secluded_docker(directory: Path, *options: str) -> Iterator[DockerCommand]:
    """A dockerd with these options whose networks and firewall rules are in a namespace of its own."""
    with _started(directory, ["unshare", "--net", "dockerd", *options]) as daemon:
        yield daemon.docker


@contextmanager
def _started(directory: Path, command: Sequence[str]) -> Iterator[Daemon]:
    if os.geteuid() != 0:
        pytest.fail("a second dockerd needs root")
    # NB: a socket's path is at most 107 characters, and pytest's directories are long.
    short = Path(tempfile.mkdtemp(prefix="pipeline-test-", dir="/tmp"))
    daemon = Daemon(command=command, directory=directory, socket=short / "docker.sock")
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.leave_nothing()


def _wait(path: Path, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not listens(path):
        assert daemon.poll() is None, f"dockerd ended:\n{log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"dockerd does not listen:\n{log.read_text()[-2000:]}"
        time.sleep(0.1)
