"""A module to call, an engine for it, and command lines that start at once."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.host.session import Engine, Session

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the module outside any git work tree, as /fleet stands on its own folder there."""
    copy = tmp_path_factory.mktemp("call") / "module"
    shutil.copytree(HERE / "module", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="session")
def engine() -> Iterator[Session]:
    """A local engine for many command lines."""
    process = Engine()
    yield process.address()
    process.close()


@pytest.fixture(scope="session")
def zygote() -> Iterator["subprocess.Popen[str]"]:
    """The process whose forks run command lines."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(HERE / "zygote.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
    yield process
    process.communicate()


@pytest.fixture
def pipeline(zygote: "subprocess.Popen[str]", engine: Session, module: Path, tmp_path: Path) -> Run:
    """Run `pipeline ARGUMENTS…` in the module's folder, with GREETING=hello."""
    numbers = itertools.count()
    base = {key: value for key, value in os.environ.items() if not key.startswith(("DAGGER_", "GITHUB_"))}
    session = {"DAGGER_SESSION_PORT": str(engine.port), "DAGGER_SESSION_TOKEN": engine.token}

    def run(*argv: str, cwd: Path = module, **environment: str) -> Ended:
        files = [tmp_path / f"{name}{next(numbers)}" for name in ("stdout", "stderr")]
        order = {
            "argv": argv,
            "cwd": str(cwd),
            "env": base | session | {"GREETING": "hello"} | environment,
            "stdout": str(files[0]),
            "stderr": str(files[1]),
        }
        assert zygote.stdin and zygote.stdout
        zygote.stdin.write(json.dumps(order) + "\n")
        zygote.stdin.flush()
        code = int(zygote.stdout.readline())
        return Ended(code, *(each.read_text() for each in files))

    return run
