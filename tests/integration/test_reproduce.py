"""`pipeline reproduce`: what failed, again, with the same inputs; what differs; a shell where it failed."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from broken_fleet import KINDS, write_fleet
from calls import forked, pipeline_call

pytestmark = pytest.mark.integration

# It fails in a stage before its target, which is not the last one of the file.
UNBUILDABLE = replace(
    KINDS["unbuildable"],
    more="RUN echo made > /tmp/before\nRUN echo compiling; exit 7\n"
    "FROM ${BASE_IMAGE} AS app\nCOPY --from=0 /tmp/before /tmp/",
    command=f"{KINDS['sound'].command}\nFROM app AS debug",
    image='target = "app"',
)
EAGER = """
[families.eager]
dockerfile = "eager/Dockerfile"

[images.child]
family = "eager"
dockerfile = "child/Dockerfile"

[[images.child.services]]
name = "child-service"
alive_for = "1s"
"""


@dataclass(frozen=True, kw_only=True)
class Red:
    """A red run of a committed fleet."""

    fleet: Path
    out: Path
    environment: dict[str, str]
    program: Path

    def reproduce(self, *words: str, stdin: str = "", cwd: Path | None = None) -> tuple[int, str]:
        """The command in a process of its own; its exit code and all that it prints."""
        done = subprocess.run(
            [self.program, "reproduce", *words],
            env=self.environment,
            cwd=cwd,
            input=stdin,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
        return done.returncode, done.stdout

    def on_fleet(self, *words: str, stdin: str = "") -> tuple[int, str]:
        return self.reproduce(str(self.out), "--source", str(self.fleet), *words, stdin=stdin)


@pytest.fixture(scope="module")
def red(
    tmp_path_factory: pytest.TempPathFactory, docker_host: str, registry: str, base: str
) -> Iterator[Red]:
    folder = tmp_path_factory.mktemp("reproduce")
    fleet, out = folder / "fleet", folder / "out"
    write_fleet(
        fleet,
        registry=registry,
        organisation=f"again-{secrets.token_hex(4)}",
        base=base,
        kinds={"exits": KINDS["exits"], "unbuildable": UNBUILDABLE},
    )
    with (fleet / "fleet.toml").open("a") as catalog:
        catalog.write(EAGER)
    head = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"
    for name, rest in (("eager", "ONBUILD RUN echo filling; exit 9\n"), ("child", 'CMD ["sleep", "60"]\n')):
        (fleet / name).mkdir()
        (fleet / name / "Dockerfile").write_text(f"{head}{rest}USER 10001\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "start"]):
        _git(fleet, *words)
    environment = {**os.environ, "DOCKER_HOST": docker_host, "PIPELINE_HOME": str(folder / "state")}
    words = ("--source", str(fleet), "run", "--candidates", "--commit", _git(fleet, "rev-parse", "HEAD"))
    assert pipeline_call(*words, "-o", str(out), environment=environment).exit_code == 0
    yield Red(fleet=fleet, out=out, environment=environment, program=forked("pipeline"))
    shutil.rmtree(folder)


def _git(folder: Path, *words: str) -> str:
    who = {f"GIT_{role}_{what}": "t@t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(
        command, env={**os.environ, **who}, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_lines_in_the_runs_directory_begin_as_the_call_did(red: Red) -> None:
    for name in ("report.html", "summary.txt", "summary.md", "junit.xml", "run.sarif"):
        text = (red.out / name).read_text()
        assert f"pipeline call --source {red.fleet} image --name exits --base" in text
        assert "dagger call" not in text


def test_what_failed_fails_again_and_only_that_is_run(red: Red) -> None:
    code, printed = red.on_fleet()
    assert code == 11
    assert "as in the run: commit, settings, build keys, bases" in printed
    assert "3 of 3 failed again" in printed
    told = "FAILED child: build failed"
    block = printed[printed.index(told) :]
    assert (
        "a command ended with 9: it is an ONBUILD of eager, run by this FROM\n  at: child/Dockerfile:2"
        in block
    )
    assert "FAILED exits / exits-service: smoke failed" in printed
    assert "FAILED unbuildable: build failed" in printed


def test_a_shell_opens_in_the_image_with_what_its_service_is_given(red: Red) -> None:
    script = "echo port=$HEALTH_PORT; test -e /serve.py && echo copied; exit 5\n"
    code, printed = red.on_fleet("--image", "exits", "--shell", stdin=script)
    assert code == 5
    assert "port=8001" in printed
    assert "copied" in printed
    assert "the command that failed: sh -c 'echo loading" in printed


def test_a_shell_opens_before_the_line_that_failed(red: Red) -> None:
    script = "cat /tmp/before; test -e /serve.py || echo not-copied-yet\n"
    code, printed = red.on_fleet("--image", "unbuildable", "--shell", stdin=script)
    assert code == 0
    assert "unbuildable/Dockerfile as far as line 3; line 4 is:\n  RUN echo compiling; exit 7" in printed
    assert printed.endswith("made\nnot-copied-yet\n")


def test_a_shell_opens_in_the_base_whose_onbuild_failed(red: Red) -> None:
    script = "test -e /etc/passwd && echo inside; exit 6\n"
    code, printed = red.on_fleet("--image", "child", "--shell", stdin=script)
    assert code == 6
    assert "child/Dockerfile, line 2, is a FROM: the shell is in its base" in printed
    assert "the command that failed: /bin/sh -c 'echo filling; exit 9'" in printed
    assert printed.endswith("inside\n")


def test_the_newest_run_of_the_fleet_here_need_not_be_named(red: Red) -> None:
    script = "echo port=$HEALTH_PORT; exit 4\n"
    as_started = replace(red, program=Path(sys.executable).with_name("pipeline"))
    code, printed = as_started.reproduce("--image", "exits", "--shell", stdin=script, cwd=red.fleet / "exits")
    assert code == 4
    assert printed.startswith("run of broken, ")
    assert f"failed ({red.fleet.parent / 'state/runs'}/" in printed
    assert "port=8001" in printed


def test_which_shell_is_meant_must_be_said(red: Red) -> None:
    code, printed = red.on_fleet("--shell")
    assert code == 2
    assert "--image" in printed


def test_green_with_other_inputs_proves_nothing(red: Red, tmp_path: Path) -> None:
    run = (red.out / "run.json").read_text()
    base = next(unit["base"] for unit in json.loads(run)["units"] if unit["name"] == "exits")
    (tmp_path / "run.json").write_text(run.replace(base.rpartition("@")[2], f"sha256:{'0' * 64}"))
    dockerfile = red.fleet / "exits/Dockerfile"
    before = dockerfile.read_text()
    dockerfile.write_text(before[: before.index("CMD")] + f"CMD {KINDS['sound'].command}\n")
    code, printed = red.reproduce(str(tmp_path), "--source", str(red.fleet), "--image", "exits")
    dockerfile.write_text(before)
    assert code == 20
    assert "work tree: 1 file under" in printed
    assert "exits: its build key is another one" in printed
    assert "exits: its base is " in printed
    assert "is gone from its registry: the base is taken as it is planned here" in printed
    assert "not again: exits / exits-service" in printed
