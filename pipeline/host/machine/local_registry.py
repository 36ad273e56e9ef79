"""The registry of this machine, a stand-in for a real one: docker-registry with our configuration."""

import json
import os
import socket
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from pipeline.errors import EngineError
from pipeline.host.machine import processes
from pipeline.host.machine.packages import Say, require_program
from pipeline.host.machine.state import State

FIRST_PORT = 5050
_PORTS_TRIED = 50
START_DEADLINE = 30.0
_SOON, _PATIENCE = 5.0, 60.0  # seconds: one more question is cheap; a root image made in vain is not
_OTHERWISE = (
    "start one yourself (docker run -d -p 127.0.0.1:5050:5000 registry:2) and give it: "
    "make build-all REGISTRY=127.0.0.1:5050"
)
_MANIFESTS = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)


def ensure_registry(state: State, *, say: Say) -> str:
    """The address of our registry, ``127.0.0.1:PORT``; started if it does not run."""
    record = state.read("registry")
    # NB: one that starts, or has much to do, is not ended: a run pushes to it. One that hangs is.
    if processes.comes_up(record, lambda: _speaks(record["port"]), deadline=START_DEADLINE):
        address = f"127.0.0.1:{record['port']}"
        say(f"registry at {address}")
        return address
    program = require_program("docker-registry", package="docker-registry", say=say, otherwise=_OTHERWISE)
    processes.stop(record)
    port = free_port(first=record.get("port", FIRST_PORT))
    say(f"starting docker-registry on 127.0.0.1:{port}")
    _start(state, program, port)
    return f"127.0.0.1:{port}"


def free_port(*, first: int) -> int:
    """The first port from ``first`` on that nothing has bound on 127.0.0.1."""
    for port in range(first, first + _PORTS_TRIED):
        with socket.socket() as probe:
            # As the registry binds it: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise EngineError(
        f"no port from {first} to {first + _PORTS_TRIED - 1} is free for the registry",
        where="127.0.0.1",
        next_step=_OTHERWISE,
    )


def has_manifest(address: str, repository: str, tag: str) -> bool:
    """Whether a registry of this machine has a tag. Raises EngineError where it does not tell."""
    status = _status(address, "HEAD", f"/v2/{repository}/manifests/{tag}", patience=_PATIENCE)
    if status in {200, 404}:
        return status == 200
    said = f"answered {status}" if status else f"did not answer within {_PATIENCE:.0f} s"
    raise EngineError(
        f"the registry {said} when it was asked for {repository}:{tag}",
        where=address,
        next_step="see registry/registry.log beside setup.env; `make clean` and `make setup` start anew",
    )


def _start(state: State, program: str, port: int) -> None:
    configuration = state.registry / "config.yml"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    configuration.write_text(json.dumps(_configuration(state.registry / "data", port), indent=2) + "\n")
    log = state.registry / "registry.log"
    # NB: the registry takes every setting from REGISTRY_… variables first.
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith("REGISTRY_")
    } | processes.COLLECTING
    process = processes.start_detached([program, "serve", str(configuration)], log=log, environ=environ)
    state.write("registry", {**processes.record_of(process.pid), "port": port})
    processes.wait_until_up(
        process, lambda: _speaks(port), name="docker-registry", log=log, deadline=START_DEADLINE
    )


def _configuration(data: Path, port: int) -> dict[str, object]:
    """https://distribution.github.io/distribution/about/configuration/."""
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }


def _speaks(port: int) -> bool:
    return _status(f"127.0.0.1:{port}", "GET", "/v2/", patience=_SOON) == 200


def _status(address: str, method: str, path: str, *, patience: float) -> int:
    """The HTTP status, 0 where nothing speaks HTTP within ``patience`` seconds."""
    connection = HTTPConnection(address, timeout=patience)
    try:
        connection.request(method, path, headers={"Accept": _MANIFESTS})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()
