"""Who is measured, and the command lines that each of them takes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleets import BenchFleet

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).parent / "pipeline"
Words = Sequence[str | Path]
SIDES = ("ours", "loop", "bake")


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Docker clients; ``plugins`` is a DOCKER_CONFIG in which buildx is, empty for the environment's own."""

    docker: Path
    plugins: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        """What bake is run with."""
        return {"DOCKER_CONFIG": self.plugins} if self.plugins else {}

    def buildx(self) -> str:
        """The version of buildx, or "" where it is not here."""
        asked = subprocess.run(
            [self.docker, "buildx", "version"],
            capture_output=True,
            text=True,
            env=os.environ | self.environment,
            check=False,
        )
        return asked.stdout.split()[1] if asked.returncode == 0 else ""


def everything(side: str, fleet: BenchFleet, *, registry: str, clients: Clients) -> Words:
    """Build, smoke and push; bake has no smoke tests."""
    match side:
        case "ours":
            return [*_ours(fleet, registry), "build-all", "--candidates"]
        case "loop":
            return [
                *(HERE / "loop.sh", clients.docker, fleet.path, fleet.repository, fleet.base, fleet.tag),
                *fleet.images,
            ]
        case _:
            return [HERE / "bake.sh", clients.docker, fleet.path, "--push"]


def only_builds(side: str, fleet: BenchFleet, *, registry: str, clients: Clients) -> Words:
    """Build and nothing else; ours says itself how long that took, in a session that is open."""
    if side == "ours":
        return [sys.executable, HERE / "builds.py", fleet.path, registry]
    return [HERE / "bake.sh", clients.docker, fleet.path]


def _ours(fleet: BenchFleet, registry: str) -> Words:
    return [PROGRAM, "call", "-q", "--source", fleet.path, "--registry", registry]


def write_bake_files(fleet: BenchFleet, registry: str) -> None:
    """What `bake.sh` reads."""
    planned = [*_ours(fleet, registry), "plan", "--format", "bake", "--tag", fleet.tag]
    text = subprocess.run(planned, check=True, capture_output=True, text=True).stdout
    targets = {
        name: {"cache-from": [f"type=registry,ref={target['tags'][0]}"], "cache-to": ["type=inline"]}
        for name, target in json.loads(text)["target"].items()
    }
    (fleet.path / "docker-bake.json").write_text(text)
    (fleet.path / "bake-cache.json").write_text(json.dumps({"target": targets}, indent=2) + "\n")
