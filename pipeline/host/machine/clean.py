"""Undo set-up: what is ours goes, distribution packages stay.

Run by make: ``python -m pipeline.host.machine.clean``; needs nothing but Python.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from pipeline.errors import EngineError, PipelineError
from pipeline.host.machine import bridge, processes
from pipeline.host.machine.docker_api import answers, ask
from pipeline.host.machine.find_docker import find_docker
from pipeline.host.machine.packages import Say
from pipeline.host.machine.state import State, home, locked


def main() -> int:
    """The command; returns its exit code."""
    state = State(home(os.environ))
    if not state.home.exists():
        return 0
    try:
        with locked(state, say=_say, deadline=60):
            clean(state, say=_say)
    except PipelineError as error:
        print(f"clean: {error}", file=sys.stderr)
        return error.exit_code
    _remove_if_empty(state.home)
    return 0


def clean(state: State, *, say: Say) -> None:
    """Stop and remove our dockerd, our registry and their data; the lock stays."""
    _remove_names(state, say=say)
    _stop_docker(state, say=say)
    if processes.stop(state.read("registry")):
        say("stopped docker-registry")
    state.forget("registry")
    for path in (state.docker, state.registry, *state.kept):
        if path.exists():
            say(f"removing {path}")
            _remove_tree(path)
    state.environment.unlink(missing_ok=True)


def _say(text: str) -> None:
    print(f"clean: {text}", flush=True)


def _remove_names(state: State, *, say: Say) -> None:
    """What a Docker Engine that is not ours has of our registry, by tag or by digest; other names stay."""
    port = state.read("registry").get("port")
    try:
        host = find_docker()
    except EngineError as error:
        say(f"left images that another Docker Engine may have: {error}")
        return
    if not port or not host or host == state.docker_host or not answers(host, timeout=10):
        return
    ours = (f"127.0.0.1:{port}/", f"localhost:{port}/")
    for kind in ("RepoTags", "RepoDigests"):  # NB: with the last tag of a repository Docker drops its digests
        listed = ask(host, "GET", "/images/json")
        for name in {name for image in listed for name in image.get(kind) or () if name.startswith(ours)}:
            say(f"removing image {name}")
            try:
                ask(host, "DELETE", f"/images/{quote(name)}", noprune="1")
            except EngineError as error:
                say(f"left {name}: {error.what}")


def _stop_docker(state: State, *, say: Say) -> None:
    record = state.read("docker")
    if processes.is_running(record):
        _remove_containers(state)
        processes.stop(record)
        say("stopped dockerd")
    # Mounts of containers that dockerd could not end itself; the deepest first.
    for point in sorted(_mounts_under(state.docker, Path("/proc/mounts").read_text()), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)
    if record and bridge.remove_bridge():
        say(f"removed the network bridge {bridge.NAME}")
    state.forget("docker")


def _remove_containers(state: State) -> None:
    if not answers(state.docker_host):
        return
    for container in ask(state.docker_host, "GET", "/containers/json", all="1"):
        ask(state.docker_host, "DELETE", f"/containers/{container['Id']}", force="1", v="1")


def _mounts_under(directory: Path, mounts: str) -> Iterator[str]:
    for line in mounts.splitlines():
        point = line.split()[1].encode().decode("unicode_escape")
        if Path(point).is_relative_to(directory):
            yield point


def _remove_tree(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise EngineError(
            f"cannot be removed: {error}", where=str(path), next_step="try again as root"
        ) from error


def _remove_if_empty(directory: Path) -> None:
    (directory / "lock").unlink(missing_ok=True)
    left = sorted(path.name for path in directory.iterdir())
    if left:
        _say(f"left in {directory}, not made by set-up: {', '.join(left)}")
    else:
        directory.rmdir()


if __name__ == "__main__":
    sys.exit(main())
