"""A second, empty dockerd on its own data directory, and the docker client for what tests do by hand."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.host.machine.bridge import ensure_bridge, remove_bridge


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

    @contextmanager
    def run(self, reference: str, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[None]:
        """`docker run` on the host's network until the block ends; the image is pulled."""
        variables = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        container = self("run", "-d", "--network", "host", *variables, reference, *command)
        try:
            yield
        finally:
            self("rm", "-f", container)


def push_copy(host: str, source: str, target: str) -> None:
    """Push an image of one registry under a name of another."""
    docker = DockerCommand(host)
    docker("pull", "-q", source)
    docker("tag", source, target)
    docker("push", "-q", target)
    docker("rmi", target)


@contextmanager
def empty_docker(directory: Path) -> Iterator[DockerCommand]:
    """A dockerd without a single image and without firewall rules; it is ended with the block.

    NB: it has a bridge of its own. With ``--bridge none`` dockerd removes docker0, another daemon's.
    """
    bridge = f"test-{secrets.token_hex(4)}"
    ensure_bridge(bridge)
    try:
        with _started(directory, ["dockerd", "--bridge", bridge, "--iptables=false"]) as docker:
            yield docker
    finally:
        remove_bridge(bridge)


@contextmanager
def secluded_docker(directory: Path, *options: str) -> Iterator[DockerCommand]:
    """A dockerd with these options whose networks and firewall rules are in a namespace of its own."""
    with _started(directory, ["unshare", "--net", "dockerd", *options]) as docker:
        yield docker


@contextmanager
def _started(directory: Path, command: Sequence[str]) -> Iterator[DockerCommand]:
    if os.geteuid() != 0:
        pytest.fail("a second dockerd needs root")
    # NB: a socket's path is at most 107 characters, and pytest's directories are long.
    short = Path(tempfile.mkdtemp(prefix="pipeline-test-", dir="/tmp"))
    socket = short / "docker.sock"
    host = f"unix://{socket}"
    places = ["--data-root", directory / "data", "--exec-root", short / "exec", "--host", host]
    with (directory / "log").open("wb") as log:
        daemon = subprocess.Popen([*command, *places, "--pidfile", directory / "pid"], stdout=log, stderr=log)
    try:
        _wait(socket, daemon, directory / "log")
        yield DockerCommand(host)
    finally:
        daemon.terminate()
        daemon.wait(timeout=30)
        # NB: a container on the host's network leaves this mount behind.
        if (namespace := short / "exec" / "netns" / "default").exists():
            subprocess.run(["umount", namespace], capture_output=True, check=False)
        shutil.rmtree(short, ignore_errors=True)


def _wait(socket: Path, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not socket.exists():
        assert daemon.poll() is None, f"dockerd ended:\n{log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"dockerd does not listen:\n{log.read_text()[-2000:]}"
        time.sleep(0.1)
