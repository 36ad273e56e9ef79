"""The reference fleet as a team has it: a copy in a git repository, and a registry of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calls import forked
from real_registry import RealRegistry, running
from tiny_docker import push_copy

ROOT = Path(__file__).parents[2]
PIPELINE = Path(sys.executable).with_name("pipeline")
ROOT_IMAGE = "example/root-cu121:12.1.1"
EDITED = "main_pc_code/services/tts_service.py"


@dataclass(frozen=True, kw_only=True)
class Story:
    """A copy of the reference fleet in a git repository, and a registry that holds its root image only."""

    fleet: Path
    registry: RealRegistry
    environment: dict[str, str]
    program: Path

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`pipeline call` with the flags that say which fleet and registry."""
        command = [self.program, "call", "--source", self.fleet, "--registry", self.registry.host, *words]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, check=False)

    def run(self, out: Path, *flags: str) -> dict:
        """`run --candidates`, which never raises: its run.json."""
        ended = self.call("run", "--candidates", *flags, "-o", str(out))
        assert ended.returncode == 0, ended.stderr
        return json.loads((out / "run.json").read_text())

    def git(self, *words: str) -> str:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
        command = ["git", "-C", self.fleet, *identity, *words]
        environment = self.environment | {"TZ": "UTC"}
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        return ended.stdout.strip()

    def edit_one_service(self) -> None:
        """Change the sources of TTSService."""
        service = self.fleet / EDITED
        service.write_text(service.read_text() + "# edited\n")

    def committed(self, message: str) -> str:
        """The release tag of a commit of everything that was changed."""
        self.git("commit", "-q", "-a", "-m", message)
        return self.tag()

    def tag(self) -> str:
        """The release tag of what is committed."""
        date = self.git("show", "-s", "--format=%cd", "--date=format-local:%Y%m%d", "HEAD")
        return f"{date}-{self.git('rev-parse', '--short=7', 'HEAD')}"

    def release(self, tag: str) -> subprocess.CompletedProcess[str]:
        """Release what is committed."""
        commit = self.git("rev-parse", "HEAD")
        # NB: the registry is on this machine: its reads do not lag.
        return self.call("release", "--tag", tag, "--commit", commit, "--settle", "0.05")


@contextmanager
def reference_story(directory: Path, *, docker_host: str, registry: str) -> Iterator[Story]:
    """It begins with the root image, of ``registry``, and one commit."""
    fleet = directory / "fleet"
    shutil.copytree(ROOT / "fleet", fleet, ignore=shutil.ignore_patterns("__pycache__"))
    ours = {"DOCKER_HOST": docker_host, "NO_COLOR": "1", "PIPELINE_HOME": str(directory / "state")}
    environment = os.environ | ours
    with running(directory, basic=False) as empty:
        push_copy(docker_host, f"{registry}/{ROOT_IMAGE}", f"{empty.host}/{ROOT_IMAGE}")
        made = Story(fleet=fleet, registry=empty, environment=environment, program=forked("pipeline"))
        made.git("init", "-q")
        made.git("add", "-A")
        made.git("commit", "-q", "-m", "The fleet")
        yield made
