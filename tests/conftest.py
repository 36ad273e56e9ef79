"""Holds every test to a place where one of the two runs of `make test` finds it, the longest files first."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# NB: a test fails for what changed, not for an example that nobody has met before, nor for a slow machine.
# Others are looked for by `make soak`. A folder may be used for all examples of a test.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("steady")

HERE = Path(__file__).parent

# Those of the integration tests that took more than 15 s on two busy processors: begun last, one would keep a
# worker long after the others.
# NB: pytest-xdist keeps this order only with --no-loadscope-reorder.
LONGEST = (
    "test_reference_fleet",
    "test_graph_flow",
    "test_channel_functions",
    "test_reproduce",
    "test_leftovers_short",
    "test_smoke_twins",
    "test_tutorial",
    "test_workflow_steps",
    "test_two_platforms",
    "test_docker_build",
    "test_report_page",
    "test_family_rhythm",
    "test_conformance_images",
    "test_compose_deploy",
    "test_graph_broken",
    "test_planted_secrets",
    "test_soak_short",
    "test_transfer_cut",
    "test_docker_execute",
    "test_docker_images",
    "test_conformance_exec",
    "test_docker_sweep",
    "test_registry_release",
    "test_call_terminal",
    "test_release_killed",
    "test_smoke_as_deployed",
    "test_parity",
    "test_call_exec",
    # and those of the unit tests that took more than 5 s
    "test_probe_checks",
    "test_probe",
    "test_call_interrupt",
    "test_completion",
    "test_fleet_services",
    "test_command_run",
    "test_engine_configuration",
    "test_engine_directories",
    "test_engine_server",
)
PLACES = {name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Integration tests stand in tests/integration and tests/soak, and nothing else in the former."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        needs_docker = item.get_closest_marker("integration") is not None
        if folder != "soak" and needs_docker != (folder == "integration"):
            raise pytest.UsageError(
                f"{item.nodeid}: neither run of `make test` finds it there: see {__file__}"
            )
    items.sort(key=lambda item: PLACES.get(item.path.stem, len(PLACES)))
