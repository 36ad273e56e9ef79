"""Where this machine's Docker Engine is. In the order of the docker command, then our own."""

import os
from collections.abc import Mapping

from pipeline.docker_host.chosen import SYSTEM_SOCKET, chosen_docker
from pipeline.host.machine.docker_api import answers
from pipeline.host.machine.state import State, home


def find_docker(environ: Mapping[str, str] | None = None, *, system: str = SYSTEM_SOCKET) -> str | None:
    """The address of a Docker Engine (``unix://…``, ``tcp://…``, ``ssh://…``), or None.

    ``DOCKER_HOST``, then the docker context in use, as they are given; then the system's socket and the
    socket of our own set-up, if they answer.
    """
    env = os.environ if environ is None else environ
    if chosen := chosen_docker(env):
        return chosen.host
    own = State(home(env)).docker_host
    return next((host for host in (system, own) if answers(host)), None)
