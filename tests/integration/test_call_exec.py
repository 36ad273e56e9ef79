"""`pipeline call` with containers: the whole command, its own engine, a real Docker."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

MODULE = Path(__file__).parents[1] / "host" / "call" / "module"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODULE, tmp_path / "module", ignore=shutil.ignore_patterns("__pycache__")))


def call(module: Path, docker_host: str, base: str, *words: str) -> "subprocess.CompletedProcess[str]":
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DAGGER_", "GITHUB_"))}
    return subprocess.run(
        [sys.executable, "-P", "-m", "pipeline.host.command", "call", *words],
        cwd=module,
        env=kept | {"DOCKER_HOST": docker_host, "PIPELINE_TEST_BASE": base},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_uncaught_exec_error_ends_with_its_commands_code(module: Path, docker_host: str, base: str):
    ended = call(module, docker_host, base, "fail-exec")

    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "Error: exit code: 3\nStdout:\noo\nStderr:\nee\n"


def test_a_chain_runs_a_command_in_a_container(module: Path, docker_host: str, base: str):
    words = ["image", "--name", "a", "container", "from", "--address", base]
    words += ["with-mounted-directory", "--path", "/in", "--source", "fleet"]
    words += ["with-exec", "--args", "cat,/in/a/x", "stdout"]
    ended = call(module, docker_host, base, "-v", *words)

    assert (ended.returncode, ended.stdout) == (0, "1"), ended.stderr
    assert "exec done exit code 0" in ended.stderr


def test_an_unknown_base_is_one_line(module: Path, docker_host: str, base: str):
    missing = base.rpartition("/")[0] + "/no-such-image:1"
    ended = call(module, docker_host, missing, "fail-exec")

    assert ended.returncode == 1
    assert missing.partition(":")[0] in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
