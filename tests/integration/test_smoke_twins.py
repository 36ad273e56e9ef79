"""Every check of a smoke test in real containers: the sound pass, and of a twin just its check fails."""

import os
import secrets
import shutil
from collections.abc import Iterator

import pytest
from broken_fleet import write_fleet
from calls import pipeline_call
from check_twins import TWINS, port_of

from pipeline.reporting.model import Run, ServiceRun, Verdict
from pipeline.reporting.read import read_run
from pipeline.stages.smoke.checks import SMOKE_CHECKS

pytestmark = pytest.mark.integration


# Checks that a twin fails in another file: what it takes is not in these images, or is no image of its own.
ELSEWHERE = {
    "port N": "test_graph_broken.py: on-loopback",
    "cuda runtime NAME": "test_reference_fleet.py: the twin with CUDA 12.4",
    "cuda of torch": "tests/stages/test_probe_checks.py; make torch: the real one",
    "kernel": "tests/stages/test_probe_checks.py; test_smoke_as_deployed.py: without a GPU",
    "beside NAME": "test_smoke_as_deployed.py: two that want one port",
    "platform NAME": "it cannot fail, only be skipped: tests/stages/test_foreign_platforms.py",
    "from beside": "it cannot fail: it says why others are skipped",
}


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, docker_host: str, registry: str, base: str
) -> Iterator[Run]:
    """One run of all of them."""
    folder = tmp_path_factory.mktemp("twins")
    fleet, out = folder / "fleet", folder / "out"
    organisation = f"twins-{secrets.token_hex(4)}"
    write_fleet(fleet, registry=registry, organisation=organisation, base=base, kinds=TWINS)
    called = pipeline_call(
        *("--source", str(fleet), "run", "--candidates", "-o", str(out)),
        environment={**os.environ, "DOCKER_HOST": docker_host},
    )
    assert (out / "run.json").exists(), called
    yield read_run((out / "run.json").read_text())
    shutil.rmtree(folder)


def only_service(run: Run, name: str) -> ServiceRun:
    [unit] = [unit for unit in run.units if unit.name == name]
    assert unit.failure is None, unit.failure
    [service] = unit.services
    return service


@pytest.mark.parametrize("name", TWINS)
def test_just_the_declared_check_fails(run: Run, name: str) -> None:
    twin, service = TWINS[name], only_service(run, name)
    failed = [check.name for check in service.checks if check.verdict is Verdict.FAILED]
    assert failed == ([twin.check.format(port=port_of(name))] if twin.check else []), service
    assert service.verdict is (Verdict.FAILED if twin.says else Verdict.PASSED), service
    if twin.says:
        assert service.failure
        assert twin.says in service.failure.what
        assert service.failure.hint
        assert service.failure.exit_code == twin.exit_code
        assert twin.log in "\n".join(service.failure.log)


def test_every_check_of_a_report_is_documented(run: Run) -> None:
    asked = {check.name for unit in run.units for service in unit.services for check in service.checks}
    assert {name for name in asked if not any(each.is_of(name) for each in SMOKE_CHECKS)} == set()


def test_every_check_has_a_twin_that_fails() -> None:
    failing = [twin.check.format(port=port_of(name)) for name, twin in TWINS.items() if twin.check]
    here = {each.name for each in SMOKE_CHECKS if any(each.is_of(name) for name in failing)}
    assert here.isdisjoint(ELSEWHERE)
    assert here | {*ELSEWHERE} == {each.name for each in SMOKE_CHECKS}


def test_ports_are_reached_from_another_container(run: Run) -> None:
    checks = {check.name: check for check in only_service(run, "answer").checks}
    for port in (port_of("answer"), port_of("answer") + 1000):
        assert checks[f"reach {port}"].verdict is Verdict.PASSED
        assert checks[f"reach {port}"].detail.startswith("reached in ")


def test_memory_is_measured_by_the_containers_own_group(run: Run) -> None:
    [memory] = [check for check in only_service(run, "answer").checks if check.name == "memory"]
    assert "memory" in memory.detail
    assert "VmHWM" not in memory.detail


@pytest.mark.parametrize(
    ("name", "because"),
    [("shell-less", "the image has no sh"), ("own-init", "its own init is PID 1")],
)
def test_what_is_probed_from_beside_says_so(run: Run, name: str, because: str) -> None:
    [said, *others] = only_service(run, name).checks
    assert (said.name, said.detail) == ("from beside", because)
    assert {"health", "stop", f"reach {port_of(name)}"} <= {check.name for check in others}


def test_what_only_the_inside_can_tell_is_skipped_from_beside(run: Run) -> None:
    checks = {check.name: check.verdict for check in only_service(run, "shell-less-healthcheck").checks}
    assert checks["healthcheck"] is Verdict.SKIPPED
    assert checks["library libc.so.6"] is Verdict.SKIPPED
