"""Docker, a registry and a base image for the tests that need them; they fail, and never skip, without."""

import os

import pytest

from pipeline.local.machine.find_docker import find_docker


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
