"""Where this machine's Docker Engine is. In the order of the docker command, then our own."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.host.machine.docker_api import answers
from pipeline.host.machine.state import State, home

SYSTEM_SOCKET = "unix:///var/run/docker.sock"


def find_docker(environ: Mapping[str, str] | None = None, *, system: str = SYSTEM_SOCKET) -> str | None:
    """The address of a Docker Engine (``unix://…``, ``tcp://…``), or None.

    ``DOCKER_HOST``, then the docker context in use, as they are given; then the system's socket and the
    socket of our own set-up, if they answer.
    """
    env = os.environ if environ is None else environ
    chosen = chosen_docker(env)
    if chosen:
        return chosen
    own = State(home(env)).docker_host
    return next((host for host in (system, own) if answers(host)), None)


def chosen_docker(environ: Mapping[str, str]) -> str | None:
    """What the user chose, answering or not: ``DOCKER_HOST``, else the docker context other than default."""
    return environ.get("DOCKER_HOST") or _context(environ)


def _context(environ: Mapping[str, str]) -> str | None:
    """The address of the docker context in use (https://docs.docker.com/engine/manage-resources/contexts/)."""
    default = Path(environ.get("HOME") or Path.home()) / ".docker"
    directory = Path(environ.get("DOCKER_CONFIG") or default)
    name = environ.get("DOCKER_CONTEXT") or _read(directory / "config.json").get("currentContext", "")
    if not name or name == "default":
        return None
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = _read(directory / "contexts" / "meta" / digest / "meta.json")
    return meta.get("Endpoints", {}).get("docker", {}).get("Host") or None


def _read(path: Path) -> dict:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
