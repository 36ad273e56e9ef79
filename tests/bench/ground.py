"""Where the benchmark is run: a registry of its own, and as many empty Docker Engines as it likes."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from commands import Clients
from real_registry import running
from tiny_docker import empty_docker

FAMILY = "family-bench"
_WARM = b"ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN true\n"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A registry that has the family, by its digest."""

    folder: Path
    registry: str
    digest: str
    clients: Clients

    @property
    def base(self) -> str:
        """The family's reference."""
        return f"{self.registry}/bench/{FAMILY}@{self.digest}"

    @property
    def storage(self) -> Path:
        """The registry's files."""
        return self.folder / "storage"

    @property
    def log(self) -> bytes:
        """The registry's access log so far."""
        return (self.folder / "log").read_bytes()


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An Engine that has its own data directory."""

    clients: Clients
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def docker(self, *words: str, given: bytes = b"") -> str:
        """The docker client on this machine."""
        done = subprocess.run(
            [self.clients.docker, *words],
            input=given,
            capture_output=True,
            env={**os.environ, **self.environment, "DOCKER_BUILDKIT": "1"},
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"bench: docker {' '.join(words)}: {done.stderr.decode()}")
        return done.stdout.decode().strip()

    def warm(self, base: str) -> None:
        """Have the base here, and one build and one container behind it."""
        self.docker("pull", "-q", base)
        self.docker("build", "-q", "--build-arg", f"BASE_IMAGE={base}", "-", given=_WARM)
        self.docker("run", "--rm", base, "true")


@contextmanager
def ground(base: str, clients: Clients) -> Iterator[Ground]:
    """A registry with the image ``base`` as a family, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder, basic=False, access_log=True) as real:
            digest = _publish(Machine(clients=clients), base, f"{real.host}/bench/{FAMILY}:base")
            yield Ground(folder=folder, registry=real.host, digest=digest, clients=clients)


def _publish(machine: Machine, base: str, name: str) -> str:
    machine.docker("pull", "-q", base)
    machine.docker("tag", base, name)
    machine.docker("push", "-q", name)
    digests = machine.docker("image", "inspect", "-f", "{{range .RepoDigests}}{{println .}}{{end}}", name)
    machine.docker("rmi", name)
    return next(
        text.partition("@")[2] for text in digests.split() if text.startswith(name.rpartition(":")[0])
    )


@contextmanager
def empty_machine(clients: Clients) -> Iterator[Machine]:
    """A Docker Engine without a single image; it needs root."""
    with tempfile.TemporaryDirectory(prefix="bench-docker-") as name, empty_docker(Path(name)) as docker:
        yield Machine(clients=clients, environment={"DOCKER_HOST": docker.host})
