"""Broken images, really built and run: each has its failure block, nothing hangs, none is pushed."""

import os
import secrets
import shlex
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from broken_fleet import BROKEN, KINDS, UNLINTED, service_of, write_fleet
from calls import Called, pipeline_call
from failures_page import FLEETS, Fleet, run_fleet, shown_blocks, steady
from real_registry import RealRegistry, running
from tiny_docker import DockerCommand

from pipeline.host.report.gate import main as gate
from pipeline.reporting.model import Failure, Run, UnitRun, Verdict
from pipeline.reporting.read import read_run
from pipeline.reporting.terminal import show_failure, show_summary
from pipeline.reporting.words import with_command

pytestmark = pytest.mark.integration


@dataclass(frozen=True, kw_only=True)
class RedRun:
    """A run of the whole broken fleet with --candidates, and where it ran."""

    run: Run
    called: Called
    out: Path
    fleet: Path
    organisation: str
    registry: RealRegistry
    environment: dict[str, str]

    def unit(self, name: str) -> UnitRun:
        [found] = [unit for unit in self.run.units if unit.name == name]
        return found

    def failure(self, name: str) -> Failure:
        unit = self.unit(name)
        blocks = [unit.failure, *(service.failure for service in unit.services)]
        [block] = [each for each in blocks if each]
        return block


@pytest.fixture(scope="module")
def red(
    tmp_path_factory: pytest.TempPathFactory, docker_host: str, registry: str, base: str
) -> Iterator[RedRun]:
    folder = tmp_path_factory.mktemp("broken")
    organisation = f"broken-{secrets.token_hex(4)}"
    fleet, out = folder / "fleet", folder / "out"
    write_fleet(fleet, registry=registry, organisation=organisation, base=base, kinds=KINDS, orphan=True)
    environment = {**os.environ, "DOCKER_HOST": docker_host}
    called = pipeline_call(
        *("--source", str(fleet), "run", "--candidates", "-o", str(out)), environment=environment
    )
    assert called.exit_code == 0, called.stderr
    assert (out / "run.json").exists(), called
    yield RedRun(
        run=read_run((out / "run.json").read_text()),
        called=called,
        out=out,
        fleet=fleet,
        organisation=organisation,
        registry=RealRegistry(host=registry),
        environment=environment,
    )
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_image_has_its_failure_block(red: RedRun, name: str) -> None:
    kind, block = BROKEN[name], red.failure(name)
    assert red.unit(name).verdict is Verdict.FAILED
    assert block.stage == kind.stage
    assert block.subject == name
    assert block.service == (service_of(name) if kind.stage == "smoke" else "")
    assert kind.says in block.what
    assert kind.hint in block.hint
    assert block.exit_code == kind.exit_code
    assert kind.log in "\n".join(block.log)
    assert block.reproduce[:2] == ("image", "--name")


@pytest.mark.parametrize("name", BROKEN)
def test_the_page_of_failures_shows_its_block(red: RedRun, name: str) -> None:
    [shown] = [block for block in shown_blocks() if block.startswith(f"FAILED {name}")]
    printed = with_command(show_failure(red.failure(name)), "pipeline call")
    assert steady(printed) == steady(shown), "python tests/integration/failures_page.py > docs/failures.md"


@pytest.mark.parametrize("fleet", FLEETS[1:], ids=lambda fleet: fleet.title)
def test_the_page_of_failures_shows_what_ends_a_run(
    tmp_path: Path, registry: str, base: str, docker_host: str, fleet: Fleet
) -> None:
    with running(tmp_path, basic=True) if fleet.asks else nullcontext(RealRegistry(host=registry)) as where:
        printed = run_fleet(fleet, tmp_path, registry=where.host, base=base)
    assert [steady(block) for block in printed] == [steady(block) for block in shown_blocks(fleet.title)]


def test_what_is_sound_passes_beside_them(red: RedRun) -> None:
    assert red.unit("sound").verdict is Verdict.PASSED
    assert red.unit("sound-family").verdict is Verdict.PASSED
    assert red.run.verdict is Verdict.FAILED


def test_a_family_whose_libraries_are_missing_cancels_what_stands_on_it(red: RedRun) -> None:
    assert red.unit("poor-family").verdict is Verdict.FAILED
    assert "no-such-program" in red.failure("poor-family").what
    assert red.unit("orphan").verdict is Verdict.CANCELLED
    assert red.unit("orphan").because == "its base poor-family failed"


def test_the_registry_has_only_what_passed(red: RedRun) -> None:
    there = red.registry.everything(red.organisation)
    assert {name for name, tags in there.items() if tags} == {
        f"{red.organisation}/sound-family",
        f"{red.organisation}/suite/sound",
    }
    sound = red.unit("sound")
    accept = (
        "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    )
    path = f"{red.organisation}/suite/sound/manifests/key-{sound.build_key}"
    assert red.registry.get(path, accept=accept)[2]["docker-content-digest"] == sound.digest
    assert sound.reference.endswith(f"@{sound.digest}")


def test_an_exit_is_not_waited_for_and_a_hanging_service_to_its_deadline(red: RedRun) -> None:
    deadlines = {name: float(KINDS[name].deadline.removesuffix("s")) for name in BROKEN}
    assert red.failure("exits").seconds < deadlines["exits"]
    assert red.failure("keeps-stdout").seconds < deadlines["keeps-stdout"]
    assert red.failure("never-ready").seconds >= deadlines["never-ready"]


def test_the_summary_ends_with_the_line_that_reproduces(red: RedRun) -> None:
    text = (red.out / "summary.txt").read_text()
    command = f"pipeline call --source {red.fleet}"
    assert text == with_command(show_summary(red.run), command)
    assert text.rstrip().split("\n")[-1].strip().startswith(f"reproduce: {command} ")


def test_the_reproduction_line_reproduces_just_that(red: RedRun) -> None:
    block = red.failure("exits")
    again = pipeline_call("--source", str(red.fleet), *block.reproduce, environment=red.environment)
    assert again.exit_code == 1
    assert "FAILED exits / exits-service: smoke failed" in again.stderr
    assert "model.bin is missing" in again.stderr
    # The front end names itself, and adds what the module cannot know: the line can be pasted as it is.
    words = ["pipeline", "call", "--source", str(red.fleet), *block.reproduce]
    assert again.stderr.rstrip().endswith(f"reproduce: {shlex.join(words)}")


def test_build_all_of_the_same_is_red_by_itself(red: RedRun) -> None:
    called = pipeline_call(
        *("--source", str(red.fleet), "build-all", "--only", "exits,sound", "--candidates"),
        environment=red.environment,
    )
    assert called.exit_code == 1
    assert "FAILED exits / exits-service: smoke failed" in called.stderr
    assert "sound-family  no-such-root  reuse" in called.stderr
    assert "Traceback" not in called.stderr


def test_the_gate_after_it_is_red_and_names_service_and_check(
    red: RedRun, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert gate([str(red.out)]) == 11  # the first kind in the order of a run: a build failed too
    assert "FAILED exits / exits-service: smoke failed" in capsysbinary.readouterr().out.decode()
    junit = (red.out / "junit.xml").read_text()
    assert 'classname="on-loopback" name="on-loopback-service"' in junit
    assert "nothing listens on port" in junit


def test_nothing_is_left_running(red: RedRun, docker_host: str, base: str) -> None:
    docker = DockerCommand(docker_host)
    assert containers_of(red.organisation, docker) == []
    other = docker("create", "-e", f"FLEET={red.organisation}", base, "true")
    assert containers_of(red.organisation, docker) == [other]
    docker("rm", other)


def containers_of(organisation: str, docker: DockerCommand) -> list[str]:
    """Those of a fleet's images, running or not; other tests' come and go meanwhile."""

    def is_one(container: str) -> bool:
        try:
            return f"FLEET={organisation}" in docker("inspect", "--format", "{{.Config.Env}}", container)
        except AssertionError:
            return False

    return [each for each in docker("ps", "-aq", "--no-trunc").split() if is_one(each)]


def test_what_lint_finds_stops_a_run_before_anything_is_built(
    tmp_path: Path, docker_host: str, registry: str, base: str
) -> None:
    organisation = f"broken-{secrets.token_hex(4)}"
    kinds = {"sound": KINDS["sound"], "unlinted": UNLINTED}
    write_fleet(tmp_path, registry=registry, organisation=organisation, base=base, kinds=kinds)
    called = pipeline_call(
        *("--source", str(tmp_path), "build-all", "--candidates"),
        environment={**os.environ, "DOCKER_HOST": docker_host},
    )
    assert called.exit_code == 1
    assert "FAILED unlinted: lint failed" in called.stderr
    assert "  at: unlinted/Dockerfile:3\n" in called.stderr
    assert called.stderr.rstrip().endswith(f"reproduce: pipeline call --source {tmp_path} lint")
    assert "no-such-file.txt" in called.stderr
    assert "build started" not in called.stderr
    assert RealRegistry(host=registry).everything(organisation) == {}
