"""`pipeline clean`: removes what `pipeline call` keeps on this machine, in Docker and on disk.

What set-up has made (a Docker Engine, a registry) is left: that is `make clean`.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.host.completion.remember import memory
from pipeline.host.machine.find_docker import find_docker
from pipeline.host.machine.state import State, home

_ABOUT = (
    "Remove what `pipeline call` keeps on this machine: images and cache volumes in Docker, the last runs, "
    "what is known of files, what completion remembers; and whatever killed processes have left."
)


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Raises EngineError when Docker Engine is there and does not answer."""
    from pipeline.folders import sweep, temporary

    argparse.ArgumentParser(prog="pipeline clean", description=_ABOUT).parse_args(argv)
    state = State(home(os.environ))
    for path in (*state.kept, memory()):
        _remove(path)
    sweep(temporary(Path(tempfile.gettempdir())))
    if docker_host := find_docker():
        print(f"pipeline clean: removed {asyncio.run(_forget(docker_host))} images and volumes in Docker")
    return 0


def _remove(path: Path) -> None:
    if path.exists():
        print(f"pipeline clean: removing {path}")
        shutil.rmtree(path) if path.is_dir() else path.unlink()


async def _forget(docker_host: str) -> int:
    """NB: connecting sweeps what dead runs have left."""
    from pipeline.local.blobs import Blobs
    from pipeline.local.docker import images
    from pipeline.local.docker.docker import Docker

    async with Docker(docker_host, Blobs(Path(tempfile.gettempdir()))) as docker:
        return await images.forget(docker.client)
