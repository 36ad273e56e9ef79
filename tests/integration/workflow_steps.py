"""The `run:` steps of the workflows and of the action, executed as GitHub would."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calls import forked
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOWS = (*sorted((ROOT / ".github/workflows").glob("*.yml")), ROOT / "action.yml")
WEEKLY = ROOT / "docs" / "families.md"
_BLOCK = re.compile(r"^```yaml\n(name: .*?)^```$", re.M | re.S)
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One `run:` step; ``job`` is empty in the action."""

    file: str
    job: str
    name: str
    id: str
    run: str
    env: Mapping[str, str]

    @property
    def place(self) -> tuple[str, str, str]:
        """How the step is known."""
        return self.file, self.job, self.name


def read_steps() -> Iterator[Step]:
    """Every `run:` step of every workflow and of the action."""
    for path in WORKFLOWS:
        document = YAML(typ="safe", pure=True).load(path.read_text())
        jobs = document.get("jobs") or {"": document["runs"]}
        for job, body in jobs.items():
            env = {**(document.get("env") or {}), **(body.get("env") or {})}
            yield from (_step(path.name, job, step, env) for step in body["steps"] if "run" in step)


def weekly_text() -> str:
    """The workflow that docs/families.md gives: its only block that begins with a name."""
    [text] = _BLOCK.findall(WEEKLY.read_text())
    return text


def weekly_steps() -> tuple[Step, Mapping[str, str]]:
    """Its `run:` step, and what it gives the action."""
    [job] = YAML(typ="safe", pure=True).load(weekly_text())["jobs"].values()
    _checkout, named, used = job["steps"]
    return _step(WEEKLY.name, "release", named, {}), used["with"]


def _step(file: str, job: str, step: Mapping[str, Any], env: Mapping[str, Any]) -> Step:
    own = {**env, **(step.get("env") or {})}
    return Step(
        file=file,
        job=job,
        name=step["name"],
        id=step.get("id", ""),
        run=step["run"],
        env={name: str(value) for name, value in own.items()},
    )


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its expressions replaced; KeyError for one that the test does not know."""
    return _EXPRESSION.sub(lambda match: values[" ".join(match[1].split())], text)


@dataclass(kw_only=True)
class Runner:
    """Executes steps as a GitHub runner does: bash with -e and pipefail, files for outputs and summary."""

    workspace: Path
    temp: Path
    values: dict[str, str]
    environment: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict[str, str])

    def execute(self, step: Step) -> subprocess.CompletedProcess[str]:
        """Run one step to its end; its outputs are known to those after it."""
        output, summary = self.temp / "output", self.temp / "summary"
        output.write_text("")
        given = {name: filled(value, self.values | self.outputs) for name, value in step.env.items()}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
            cwd=self.workspace,
            env={**self.environment, **files, **given},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        for name, value in _read_outputs(output.read_text()):
            self.outputs[f"steps.{step.id}.outputs.{name}"] = value
        return done


def _read_outputs(text: str) -> Iterator[tuple[str, str]]:
    """``name=value`` and ``name<<END … END``: docs.github.com, "Workflow commands", multiline strings."""
    rows = iter(text.splitlines())
    for row in rows:
        name, mark, end = row.partition("<<")
        if mark and "=" not in name:
            yield name, "\n".join(iter(lambda: next(rows), end))
        else:
            name, _, value = row.partition("=")
            yield name, value


def dagger_or_shim(folder: Path) -> str:
    """A PATH on which there is a `dagger`: a real one, else one whose `call` is `pipeline call`.

    The registry of these tests does not lag, so that a promotion need not wait.
    """
    path = os.environ["PATH"]
    if shutil.which("dagger"):
        return path
    shim = folder / "dagger"
    hasty = 'case " $* " in *" promote "*) set -- "$@" --settle 0.1;; esac'
    shim.write_text(f'#!/bin/sh\n[ "$1" = call ] || exit 64\n{hasty}\nexec {forked("pipeline")} "$@"\n')
    shim.chmod(0o755)
    return f"{folder}:{path}"
