"""Docker, a registry and a base image for the tests that need them; they fail, and never skip, without."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pipeline.host.machine.find_docker import find_docker
from pipeline.local.blobs import Blobs
from pipeline.local.docker import docker as sessions
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Event

# The address of a registry that this machine, a Dagger engine and its containers can reach by the same name.
DAGGER_REGISTRY = "PIPELINE_TEST_DAGGER_REGISTRY"


@pytest.fixture(scope="session", autouse=True)
def unhurried() -> Iterator[None]:
    """Runs of this process remove all that they made: on a busy machine 4 s are not always enough for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "CLOSING", 120)
        yield


@pytest.fixture(scope="session")
def docker_host() -> str:
    """Where Docker Engine listens."""
    return find_docker() or pytest.fail("no Docker Engine: set DOCKER_HOST, or run the set-up first")


@pytest.fixture(scope="session")
def registry() -> str:
    """HOST:PORT of a registry that takes anonymous pushes over plain HTTP."""
    return os.environ.get("PIPELINE_TEST_REGISTRY", "localhost:5055")


@pytest.fixture(scope="session")
def base(registry: str) -> str:
    """An image with sh, python3, curl and /usr/bin/tini."""
    return os.environ.get("PIPELINE_TEST_BASE", f"{registry}/pipeline/base:1")


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """Files of the test's own."""
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def events() -> list[Event]:
    """What `docker` has told."""
    return []


@pytest.fixture
async def docker(docker_host: str, blobs: Blobs, events: list[Event]) -> AsyncIterator[Docker]:
    """A run of the test's own on Docker Engine."""
    async with Docker(docker_host, blobs, on_event=events.append) as connected:
        yield connected


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the parity test has compared where there is no Dagger engine."""
    passed = terminalreporter.stats.get("passed", [])
    if any("test_parity.py" in each.nodeid for each in passed) and not os.environ.get(DAGGER_REGISTRY):
        terminalreporter.write_line(
            f"parity: the local engine against what a Dagger engine gave; {DAGGER_REGISTRY} asks a real one"
        )
