"""The same fleet through both engines: the same plan, keys, image configuration, files and verdicts.

`parity.json` is what a Dagger engine 0.21.8 gave; the local engine is held against it on every machine. Where
PIPELINE_TEST_DAGGER_REGISTRY names a registry, `dagger call` is run too: both are held against it and each
other (docs/engines.md). With PIPELINE_TEST_RECORD=1 the file is written anew from the Dagger engine.
"""

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from calls import pipeline_call
from parity_fleet import write_parity_fleet
from published import directories_of, files_over, read_image

from pipeline.reporting.model import Run
from pipeline.reporting.read import read_run

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).with_name("parity.json")
_ROOT = Path(__file__).parents[2]
_DAGGER_REGISTRY = os.environ.get("PIPELINE_TEST_DAGGER_REGISTRY", "")
ENGINES = ("pipeline", "dagger") if _DAGGER_REGISTRY else ("pipeline",)
# A run that finds what the other engine has pushed must not take it.
_RUN = ("run", "--candidates", "--rebuild", "--fresh")


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The fleet, and the registry that both engines push to."""

    root: Path
    organisation: str
    registry: str
    base: str
    docker_host: str

    def call(self, engine: str, *words: str) -> str:
        """What a call that must succeed prints, by `pipeline call` or `dagger call`."""
        arguments = ("--source", str(self.root), *words)
        if engine == "pipeline":
            environment = {**os.environ, "DOCKER_HOST": self.docker_host}
            called = pipeline_call(*arguments, environment=environment)
            assert called.exit_code == 0, called.stderr
            return called.stdout
        command = ["dagger", "--progress=plain", "call", *arguments]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one engine did: as `parity.json` has it, and what only counts on one machine."""

    found: Mapping[str, Any]
    keys: Mapping[str, str]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, docker_host: str, registry: str, base: str) -> Fleet:
    root = tmp_path_factory.mktemp("parity")
    found = Fleet(
        root=root,
        organisation=f"parity-{secrets.token_hex(4)}",
        registry=_DAGGER_REGISTRY or registry,
        base=_copied(base) if _DAGGER_REGISTRY else base,
        docker_host=docker_host,
    )
    write_parity_fleet(root, registry=found.registry, organisation=found.organisation, base=found.base)
    return found


@pytest.fixture(scope="module")
def seen(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Seen]:
    """What each engine did, one after the other."""
    found = {engine: _see(fleet, engine, tmp_path_factory.mktemp(engine) / "out") for engine in ENGINES}
    if os.environ.get("PIPELINE_TEST_RECORD"):
        GOLDEN.write_text(json.dumps(found["dagger"].found, indent=1, sort_keys=True) + "\n")
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", ["units", "config", "files"])
def test_it_is_what_a_dagger_engine_gave(seen: Mapping[str, Seen], engine: str, what: str) -> None:
    assert seen[engine].found[what] == json.loads(GOLDEN.read_text())[what]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_other_engines_candidates_are_found_under_the_same_keys(
    fleet: Fleet, seen: Mapping[str, Seen], engine: str
) -> None:
    """The last engine has pushed; each must find what it made, by a key that it has computed itself."""
    plan = json.loads(fleet.call(engine, "plan", "--format", "json"))
    planned = {unit["name"]: (unit["key"], unit["decision"]) for unit in plan["units"]}
    pushed = {name for name, config in seen[engine].found["config"].items() if config}
    for other in ENGINES:
        assert {name: key for name, (key, _) in planned.items()} == seen[other].keys
    assert {name for name, (_, decision) in planned.items() if decision == "reuse"} == pushed
    assert pushed == {"ground", "whole", "beside"}


def _copied(base: str) -> str:
    """The base in the registry that a Dagger engine can reach."""
    copy = f"{_DAGGER_REGISTRY}/pipeline/base:1"
    command = ["skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{base}", f"docker://{copy}"]
    subprocess.run(command, check=True, timeout=120)
    return copy


def _see(fleet: Fleet, engine: str, out: Path) -> Seen:
    fleet.call(engine, *_RUN, "-o", str(out))
    run = read_run((out / "run.json").read_text())
    steady = _Steady(fleet)
    base = read_image(fleet.base)
    folders = directories_of(base)
    images = {unit.name: read_image(unit.reference) for unit in run.units if unit.reference}
    files = {
        name: {
            path: line
            for path, line in files_over(image, base).items()
            if folders.get(path) != line and not _is_of_certificates(path, line)
        }
        for name, image in images.items()
    }
    found = {
        "units": dict(_units(run)),
        "config": {name: _without_base(image.config, base.config) for name, image in images.items()},
        "files": files,
    }
    return Seen(
        found=json.loads(steady(json.dumps(found))), keys={unit.name: unit.build_key for unit in run.units}
    )


def _is_of_certificates(path: str, line: str) -> bool:
    """Whether a Dagger engine with certificates of its own left it, a link to what it has removed again."""
    return path.startswith("etc/ssl/certs/") and line.startswith("link 0:0 ")


def _units(run: Run) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a run says of each unit, without times."""
    for unit in run.units:
        failures = [each for each in (unit.failure, *(service.failure for service in unit.services)) if each]
        yield (
            unit.name,
            {
                "decision": [unit.decision, unit.because],
                "verdict": unit.verdict,
                "tests": {
                    service.name: {check.name: check.verdict for check in service.checks}
                    for service in unit.services
                },
                "failures": [
                    {
                        "stage": each.stage,
                        "service": each.service,
                        "what": re.sub(r"\d+\.\d+", "N", each.what),
                        "at": [each.file, each.line],
                        "command": each.command,
                        "exit_code": each.exit_code,
                        "log": each.log,
                        "hint": each.hint,
                        "reproduce": each.reproduce,
                    }
                    for each in failures
                ],
            },
        )


def _without_base(config: Mapping[str, Any], base: Mapping[str, Any]) -> Mapping[str, Any]:
    """An image's configuration without what is the base's own, and without keys that say nothing.

    NB: Docker 20.10 marks every command as escaped, which counts on Windows alone.
    """
    inherited = base.get("Env") or []
    kept = {**config, "Env": [each for each in config.get("Env") or [] if each not in inherited]}
    return {
        key: value
        for key, value in sorted(kept.items())
        if key != "ArgsEscaped" and value not in (None, "", [], {}, False)
    }


@dataclass(frozen=True)
class _Steady:
    """Takes out of a text what is another in each run: organisation, registry, digests."""

    fleet: Fleet

    def __call__(self, text: str) -> str:
        names = {
            self.fleet.base: "BASE:1",
            self.fleet.base.rpartition(":")[0]: "BASE",
            self.fleet.registry: "REGISTRY",
            self.fleet.organisation: "ORGANISATION",
        }
        for name, word in names.items():
            text = text.replace(name, word)
        return re.sub(r"sha256:[0-9a-f]{64}", "sha256:HEX", text)
