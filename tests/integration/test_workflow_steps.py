"""Every `run:` step of the workflows and of the action, executed here in the order of a real run.

A tiny fleet is what they work on; what is not executed is listed with its reason, and counted.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from broken_fleet import KINDS, write_fleet
from real_registry import RealRegistry
from workflow_steps import ROOT, Runner, Step, dagger_or_shim, filled, read_steps, weekly_steps, weekly_text

from pipeline.reporting.model import Run, Verdict
from pipeline.reporting.read import read_run

pytestmark = pytest.mark.integration

STEPS = {step.place: step for step in read_steps()}

NOT_EXECUTED = {
    ("ci.yml", "lint", "Check"): "`make check` is run beside the tests, not by one of them",
    ("ci.yml", "unit", "Unit tests"): "it would run these tests again",
    ("ci.yml", "integration", "Integration tests"): "it would run this very test again",
    (
        "ci.yml",
        "engines",
        "Parity of the engines, and the API on Dagger's",
    ): "as root, it starts Docker and a Dagger engine anew",
    ("fleet.yml", "release", "Set up the commands"): "`make test` did the same, to come here",
    ("action.yml", "", "Set up the gate"): "`make test` did the same, to come here",
    ("action.yml", "", "Free disk"): "as root on /: tests/host/test_free_disk.py runs the script elsewhere",
}


def test_nothing_is_left_out_without_a_reason() -> None:
    assert len(NOT_EXECUTED) == 7
    assert len(STEPS) == len(NOT_EXECUTED) + 10
    assert set(NOT_EXECUTED) < set(STEPS)


class Workflow:
    """A checkout with a tiny fleet, and a runner for it."""

    def __init__(self, folder: Path, *, registry: str, base: str, docker_host: str) -> None:
        self.owner = f"Flow-{secrets.token_hex(4)}"
        self.registry = RealRegistry(host=registry)
        self.workspace, temp = folder / "checkout", folder / "temp"
        temp.mkdir()
        fleet = self.workspace / "fleet"
        write_fleet(
            fleet,
            registry=registry,
            organisation="ignored",
            base=base,
            kinds={"alpha": KINDS["sound"], "beta": KINDS["sound"]},
        )
        shutil.copytree(ROOT / ".ci", self.workspace / ".ci")
        (self.workspace / ".venv").symlink_to(ROOT / ".venv")
        (self.workspace / ".gitignore").write_text(".venv\n")
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "start"]):
            self.git(*words)
        host = ("PATH", "HOME", "LANG")
        environment = {name: os.environ[name] for name in host if name in os.environ}
        self.runner = Runner(
            workspace=self.workspace,
            temp=temp,
            values={"secrets.GITHUB_TOKEN": "a-token-of-tests", "inputs.token": "a-token-of-tests"},
            environment=environment
            | {
                "PATH": dagger_or_shim(temp),
                "DOCKER_HOST": docker_host,
                "PIPELINE_HOME": str(temp / "state"),
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTOR": "octocat",
                "GITHUB_REPOSITORY": f"{self.owner}/fleet",
                "GITHUB_REPOSITORY_OWNER": self.owner,
                "GITHUB_RUN_ID": "7",
                "GITHUB_RUN_ATTEMPT": "1",
                "GITHUB_SERVER_URL": "https://github.com",
                "RUNNER_TEMP": str(temp),
            },
        )

    def git(self, *words: str) -> None:
        who = {f"GIT_{role}_{what}": "t@t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        command = ["git", "-C", str(self.workspace), *words]
        subprocess.run(command, env={**os.environ, **who}, check=True, capture_output=True)

    def step(self, job: str, name: str, **values: str) -> str:
        """Execute a step of fleet.yml that must succeed; ``values`` are its expressions'."""
        return self.execute(STEPS["fleet.yml", job, name], values)

    def execute(self, step: Step, values: Mapping[str, str] | None = None) -> str:
        """Execute a step that must succeed; what it prints."""
        self.runner.values |= values or {}
        done = self.runner.execute(step)
        assert done.returncode == 0, f"{step.place}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def action(self, *, arguments: str, flags: str = "") -> subprocess.CompletedProcess[str]:
        """The steps of the action; the gate's result."""
        inputs = {"source": "fleet", "registry": "", "arguments": arguments, "flags": flags}
        self.runner.environment["GITHUB_ACTION_PATH"] = str(ROOT)
        values = {f"inputs.{name}": value for name, value in inputs.items()}
        self.execute(STEPS["action.yml", "", "Place the run"])
        self.execute(STEPS["action.yml", "", "Run"], values)
        gated = self.gate()
        self.execute(STEPS["action.yml", "", "Let later runs compare with this one"])
        del self.runner.environment["GITHUB_ACTION_PATH"]
        return gated

    def gate(self, *, repository: str = "", ref: str = "") -> subprocess.CompletedProcess[str]:
        """The step that tells the verdict; ``repository`` is the action's own, empty for ``uses: ./``."""
        self.runner.environment["GITHUB_ACTION_PATH"] = str(ROOT)
        self.runner.values |= {"github.action_repository": repository, "github.action_ref": ref}
        return self.runner.execute(STEPS["action.yml", "", "Gate"])

    def plan(self, *, pull_request: str) -> None:
        """The steps of the job `plan`, in an event of this repository itself."""
        same = dict.fromkeys(_same_repository(), "true")
        self.step("plan", "Plan", **same)
        self.step("plan", "Say where things go", **{"github.event_name == 'pull_request'": pull_request})

    def wave(self, name: str) -> list[str]:
        """What the jobs of a wave are given."""
        matrix = json.loads(self.runner.outputs["steps.plan.outputs.matrix"])
        return [part["only"] for part in matrix[name]["include"]]

    @property
    def out(self) -> Path:
        return Path(self.runner.outputs["steps.place.outputs.directory"])

    @property
    def run(self) -> Run:
        return read_run((self.out / "run.json").read_text())


@pytest.fixture(scope="module")
def flow(
    tmp_path_factory: pytest.TempPathFactory, docker_host: str, registry: str, base: str
) -> Iterator[Workflow]:
    folder = tmp_path_factory.mktemp("workflow")
    yield Workflow(folder, registry=registry, base=base, docker_host=docker_host)
    shutil.rmtree(folder)


# As main, a pull request, the night and a person meet a fleet: each test goes on where the one
# before it ended.


def test_main_is_released_to_canary(flow: Workflow) -> None:
    flow.plan(pull_request="false")
    assert flow.wave("families") == ["sound-family"]
    assert flow.wave("images") == ["alpha", "beta"]
    arguments = flow.runner.outputs["steps.where.outputs.arguments"]
    families = flow.action(arguments=f"--shard\nfamilies\n--only\nsound-family\n{arguments}\n")
    assert families.returncode == 0, families.stderr
    assert [unit.name for unit in flow.run.units] == ["sound-family"]
    built = flow.action(arguments=f"--only\nalpha,beta\n{arguments}\n")
    assert built.returncode == 0, built.stderr
    assert "::group::✓ alpha: passed" in built.stdout
    assert [unit.decision for unit in flow.run.units] == ["reuse", "build", "build"]

    flow.step("release", "Name the release", **{"github.event_name": "push"})
    flags = flow.runner.outputs["steps.name.outputs.flags"]
    released = flow.action(arguments=flags)
    assert released.returncode == 0, released.stdout
    run = flow.run
    assert {unit.verdict for unit in run.units} == {Verdict.REUSED}, "a release builds and tests nothing"
    assert run.names[-1].startswith(f"{flow.registry.host}/{flow.owner.lower()}/suite/release:{run.tag}@")
    shown = flow.step("release", "Deploy it on canary")
    assert run.tag in shown
    assert run.tag in (flow.runner.temp / "summary").read_text()


def _same_repository() -> list[str]:
    """The one expression that is written over two lines."""
    text = STEPS["fleet.yml", "plan", "Say where things go"].env["SAME_REPOSITORY"]
    return [" ".join(text.strip().removeprefix("${{").removesuffix("}}").split())]


def test_a_pull_request_builds_what_it_affects_and_the_gate_is_red(flow: Workflow) -> None:
    server = flow.workspace / "fleet/alpha/serve.py"
    sound = server.read_text()
    server.write_text("raise SystemExit('no model')\n")
    flow.plan(pull_request="true")
    assert (flow.wave("families"), flow.wave("images")) == ([], ["alpha"])
    assert flow.runner.outputs["steps.where.outputs.flags"].splitlines() == [
        "--scratch-registry",
        f"ghcr.io/{flow.owner.lower()}/scratch",
    ]
    gated = flow.action(arguments="--only\nalpha\n")
    assert gated.returncode == 12
    assert "::error file=fleet/fleet.toml,line=" in gated.stdout
    assert "reproduce: dagger call --source fleet" in gated.stdout
    elsewhere = flow.gate(repository="owner/pipeline", ref="9c99cc9")
    line = "reproduce: dagger call -m github.com/owner/pipeline@9c99cc9 --source fleet "
    assert line in elsewhere.stdout
    page = (flow.out / "report.html").read_text()
    assert line.removeprefix("reproduce: ") in page
    assert "The last 2 runs" in page
    assert flow.run.verdict is Verdict.FAILED
    server.write_text(sound)


def test_the_night_verifies_and_a_person_moves_channels(flow: Workflow) -> None:
    name = "Verify what is deployed on canary, or the release that is named"
    assert "verified" in flow.step("verify", name, **{"inputs.tag": ""})
    flow.step("release", "Name the release", **{"github.event_name": "schedule"})
    assert flow.runner.outputs["steps.name.outputs.tag"].endswith(".1")
    tag = flow.runner.outputs["steps.name.outputs.tag"].removesuffix(".1")
    inputs = {
        "inputs.action || 'promote'": "promote",
        "inputs.tag || github.ref_name": tag,
        "inputs.channel || 'stable'": "stable",
        "inputs.reason": "",
    }
    assert "stable" in flow.step("move", "Promote or roll back", **inputs)


def test_the_weekly_workflow_of_the_families_page_releases_them_once(flow: Workflow) -> None:
    """As the page has it, with a catalog that has the families only; a week without a change does nothing."""
    catalog = (flow.workspace / "fleet/fleet.toml").read_text().partition("\n[images.")[0]
    weekly = flow.workspace / "fleet/families.toml"
    weekly.write_text(catalog.replace('namespace = "suite"', 'namespace = "families"'))
    flow.git("add", ".")
    flow.git("commit", "-q", "-m", "families of their own")
    step, given = weekly_steps()
    names: list[tuple[str, ...]] = []
    for _week in ("first", "second"):
        flow.execute(step)
        values = {name: filled(value, flow.runner.outputs) for name, value in given.items()}
        assert values.pop("source") == "fleet"
        released = flow.action(**values)
        assert released.returncode == 0, released.stdout
        names.append(flow.run.names)
        assert [unit.name for unit in flow.run.units] == ["sound-family"]
    family, record = (name.partition("@")[0].rpartition("/")[2] for name in names[0])
    assert (family, record) == (f"sound-family:{flow.run.tag}", f"release:{flow.run.tag}")
    assert f"/{flow.owner.lower()}/families/release:" in names[0][-1]
    assert names[1] == names[0], "a second week gives no other name"
    weekly.unlink()


def test_the_weekly_workflow_is_one_that_github_takes() -> None:
    actionlint = Path(sys.executable).with_name("actionlint")
    done = subprocess.run([actionlint, "-"], input=weekly_text(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_expression_that_the_tests_do_not_know_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"github\.actor"):
        filled("${{ github.actor }}", {})
