"""Fixtures of the registry's tests."""

import pytest
from clients_of_scripts import Clients, Clock
from hypothesis import settings

from pipeline.registry.oci import auth

# Of `make soak`: other examples each time. `make test` has Hypothesis's own 100, and always the same.
settings.register_profile("soak", max_examples=20_000, derandomize=False)


@pytest.fixture
def clients() -> Clients:
    return Clients()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What tokens are believed by."""
    clock = Clock()
    monkeypatch.setattr(auth, "time", clock)
    return clock
