"""Fixtures of the registry's tests."""

import pytest
from clients_of_scripts import Clients


@pytest.fixture
def clients() -> Clients:
    return Clients()
