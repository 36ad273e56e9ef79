"""A Docker Engine that answers: the one that is there, else our own dockerd."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.docker_host.chosen import SYSTEM_SOCKET, chosen_docker
from pipeline.errors import EngineError
from pipeline.host.machine import bridge, processes
from pipeline.host.machine.docker_api import answers, ask
from pipeline.host.machine.find_docker import find_docker
from pipeline.host.machine.packages import SEARCH_PATH, Say, require_program
from pipeline.host.machine.state import LONGEST_SOCKET_PATH, State

START_DEADLINE = 60.0
# Build caches beyond this are dropped by dockerd itself.
_CONFIGURATION = {
    "builder": {"gc": {"enabled": True, "defaultKeepStorage": "20GB"}},
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "2"},
}
_OTHERWISE = "install Docker Engine (https://docs.docker.com/engine/install/), start it, then try again"


def ensure_docker(state: State, *, say: Say, environ: Mapping[str, str], system: str = SYSTEM_SOCKET) -> str:
    """The address of a Docker Engine that answers; raises EngineError where there can be none."""
    host = find_docker(environ, system=system)
    if host:
        say(f"Docker Engine {_version(host, is_chosen=bool(chosen_docker(environ)))} at {host}")
        return host
    _refuse_unusable_system_socket(system)
    dockerd = require_program("dockerd", package="docker.io", say=say, otherwise=_OTHERWISE)
    _start(state, dockerd, say=say)
    return state.docker_host


def _version(host: str, *, is_chosen: bool) -> str:
    try:
        return ask(host, "GET", "/version", timeout=10)["Version"]
    except EngineError as error:
        where = "DOCKER_HOST or the docker context" if is_chosen else "this address"
        raise EngineError(
            f"no Docker Engine answers there ({error.what})",
            where=host,
            consequence=f"nothing was tried elsewhere, since {where} names it",
            next_step="start it, or unset DOCKER_HOST and `docker context use default`",
        ) from error


def _refuse_unusable_system_socket(system: str) -> None:
    """A Docker Engine that this user may not talk to is not replaced by a second one."""
    path = Path(system.removeprefix("unix://"))
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise EngineError(
            "this user may not talk to the Docker Engine that is there",
            where=str(path),
            next_step="add the user to the group docker (then log in again), or try again as root",
        )


def _start(state: State, dockerd: str, *, say: Say) -> None:
    if os.geteuid() != 0:
        raise EngineError(
            "dockerd is installed but does not run, and only root can start it", next_step=_OTHERWISE
        )
    # The longest of the sockets that dockerd and its containerd make.
    socket_path = str(state.docker / "exec" / "containerd" / "containerd-debug.sock")
    if len(socket_path) > LONGEST_SOCKET_PATH:
        raise EngineError(
            "too long for the path of a socket", where=socket_path, next_step="shorten PIPELINE_HOME"
        )
    # NB: one that starts, or has much to do, is not ended: builds run on it. One that hangs is.
    record = state.read("docker")
    if processes.comes_up(record, lambda: answers(state.docker_host), deadline=START_DEADLINE):
        say(f"Docker Engine at {state.docker_host}")
        return
    processes.stop(record)
    configuration = state.docker / "daemon.json"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(json.dumps(_CONFIGURATION, indent=2) + "\n")
    # NB: its containerd dies with it. Where nobody waits for that, dockerd takes it for alive, and hangs.
    for ended in ("docker.pid", "exec/containerd/containerd.pid"):
        (state.docker / ended).unlink(missing_ok=True)
    bridge.ensure_bridge()
    say(f"starting dockerd on {state.docker}")
    log = state.docker / "dockerd.log"
    process = processes.start_detached(
        _command(state, dockerd, configuration),
        log=log,
        environ=os.environ | processes.COLLECTING | {"PATH": SEARCH_PATH},
    )
    state.write("docker", processes.record_of(process.pid))
    processes.wait_until_up(
        process, lambda: answers(state.docker_host), name="dockerd", log=log, deadline=START_DEADLINE
    )


def _command(state: State, dockerd: str, configuration: Path) -> list[str]:
    options = {
        "config-file": configuration,
        "data-root": state.docker / "data",
        "exec-root": state.docker / "exec",
        "pidfile": state.docker / "docker.pid",
        "host": state.docker_host,
        "bridge": bridge.NAME,
        "log-level": "warn",
    }
    return [dockerd, *(f"--{key}={value}" for key, value in options.items())]
