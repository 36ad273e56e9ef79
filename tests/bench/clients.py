"""What parts of the benchmark share: their flags, and a docker client that can build.

NB: one without buildx may stand first on PATH, and fails.
"""

import argparse
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SCRATCH = b"FROM scratch\nLABEL bench.probe=1\n"


def options_of(description: str | None) -> argparse.Namespace:
    """``rounds``, ``base`` and ``out``, from the command line."""
    parser = parser_of(description)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser that knows ``base`` (an image) and ``out`` (a file)."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--base", default=os.environ.get("PIPELINE_TEST_BASE", "localhost:5050/pipeline/base:1")
    )
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    return parser


def docker_that_builds() -> Path:
    """The first `docker` on PATH with which a BuildKit build succeeds; SystemExit when there is none."""
    for client in _clients():
        probe = subprocess.run(
            [client, "build", "-q", "-"],
            input=_SCRATCH,
            capture_output=True,
            env=os.environ | {"DOCKER_BUILDKIT": "1"},
            check=False,
        )
        if probe.returncode == 0:
            return client
    raise SystemExit("bench: no docker client on PATH can build with BuildKit; the rival cannot run")


def _clients() -> Iterator[Path]:
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if found := shutil.which("docker", path=directory):
            yield Path(found)
