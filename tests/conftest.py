"""Holds every test to a place where one of the two runs of `make test` finds it."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Integration tests stand in tests/integration and tests/soak, and nothing else in the former."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        needs_docker = item.get_closest_marker("integration") is not None
        if folder != "soak" and needs_docker != (folder == "integration"):
            raise pytest.UsageError(
                f"{item.nodeid}: neither run of `make test` finds it there: see {__file__}"
            )
