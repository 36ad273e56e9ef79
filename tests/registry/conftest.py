"""Fixtures of the registry's tests."""

import pytest
from clients_of_scripts import Clients
from hypothesis import settings

settings.register_profile("soak", max_examples=20_000)  # of `make soak`; `make test` has Hypothesis's own 100


@pytest.fixture
def clients() -> Clients:
    return Clients()
