"""A shell at the point of failure: in the image whose smoke test failed, or before the RUN that failed."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.docker_host.chosen import chosen_docker
from pipeline.errors import EngineError, UsageError
from pipeline.folders import temporary_folder
from pipeline.host.machine.find_docker import find_docker
from pipeline.host.report.again import Ground, call_again, catalog_of
from pipeline.host.report.cut import base_of, cut_before
from pipeline.reporting import words
from pipeline.reporting.model import Failure, Run


def open_shell(run: Run, block: Failure, ground: Ground) -> int:
    """Open a shell for a failed build or smoke test; returns the shell's exit code.

    Raises UsageError where the line of a build is not known, EngineError without Docker.
    """
    image = base_of(run, block, ground.source) or _built(run, block, ground)
    environment = _environment(run, block, ground.source)
    native = block.platform and block.stage == "build"
    note = f" (for the engine's own platform: it failed for {block.platform})" if native else ""
    print(f"image {image}{note}\nthe command that failed: {shlex.join(block.command)}", flush=True)
    terminal = ["-it"] if sys.stdin.isatty() else ["-i"]
    settings = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    return _docker("run", "--rm", "--init", *terminal, *settings, "--entrypoint", "sh", image).returncode


def _built(run: Run, block: Failure, ground: Ground) -> str:
    """The image whose smoke test failed, or what was built before the line that failed."""
    # NB: held, or the session that is called below would take the folder for one of a killed process.
    with temporary_folder("pipeline-shell-") as folder:
        archive = folder / "image.tar"
        if block.stage == "build":
            ground = replace(ground, source=cut_before(run, block, ground.source, folder))
        line = [*_until(block.reproduce, "smoke"), "container", "-o", str(archive)]
        if call_again(ground, line):
            raise EngineError(
                "what the shell is for cannot be built any more",
                where=block.subject,
                next_step="its own message is above; without --shell the failure is repeated",
            )
        return _load(archive)


def the_one(chosen: Sequence[Failure]) -> Failure:
    """The failure that a shell is for. Raises UsageError where there are more, or nothing was running."""
    inside = [block for block in chosen if block.stage in ("build", "smoke")]
    if len(inside) == 1:
        return inside[0]
    told = ", ".join(words.title(block) for block in inside) or "nothing ran in a container"
    raise UsageError(
        f"a shell is for one failure of a build or a smoke test: {told}",
        where="--shell",
        next_step="choose one with --image" if inside else "the failure block says what to mend",
    )


def _until(line: Sequence[str], word: str) -> list[str]:
    return list(line[: line.index(word)] if word in line else line)


def _environment(run: Run, block: Failure, source: Path) -> Mapping[str, str]:
    """What the service is started with, beside what the image has."""
    image = catalog_of(run, source).images.get(block.subject)
    for service in image.smoked if image else ():
        if service.name == block.service:
            port = service.health.port if service.health else None
            return {**service.environment, **({"HEALTH_PORT": str(port)} if port else {})}
    return {}


def _load(archive: Path) -> str:
    done = _docker("load", "-q", "-i", str(archive), capture=True)
    if done.returncode:
        raise EngineError(f"the image cannot be loaded: {done.stderr.strip()}", where="docker load")
    return done.stdout.strip().rpartition(": ")[2]


def _docker(*arguments: str, capture: bool = False) -> "subprocess.CompletedProcess[str]":
    program, host = shutil.which("docker"), find_docker()
    if not program or not host:
        raise EngineError(
            "a shell needs the docker command and a Docker Engine", next_step="`pipeline setup` installs them"
        )
    # NB: what was chosen the docker command finds by itself, and the certificates of a context with it.
    environment = os.environ if chosen_docker(os.environ) else {**os.environ, "DOCKER_HOST": host}
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=capture, text=True, check=False
    )
