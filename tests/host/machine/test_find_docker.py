"""Which Docker Engine is used: the user's choice, the system's, ours."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

from pipeline.errors import EngineError
from pipeline.host.machine.docker_api import answers, ask
from pipeline.host.machine.docker_engine import ensure_docker
from pipeline.host.machine.find_docker import find_docker
from pipeline.host.machine.state import State


class _Engine(BaseHTTPRequestHandler):
    """As much of a Docker Engine as is asked before anything is built."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"Version": "99.0"}' if self.path == "/version" else b"OK"
        status = getattr(self.server, "status", 200)
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if self.path == "/version" else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def address_string(self) -> str:
        return "a unix socket"


@pytest.fixture
def listen() -> Iterator[Callable[..., str]]:
    servers: list[ThreadingUnixStreamServer] = []

    def start(path: Path, status: int = 200) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        server = ThreadingUnixStreamServer(str(path), _Engine)
        server.daemon_threads = True
        server.status = status  # type: ignore[attr-defined]
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"unix://{path}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), "PIPELINE_HOME": str(tmp_path / "state")}


def _context(environ: dict[str, str], name: str, host: str) -> None:
    docker = Path(environ["HOME"]) / ".docker"
    meta = docker / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (docker / "config.json").write_text(json.dumps({"currentContext": name}))
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))


def test_the_order_is_docker_host_context_system_ours(
    tmp_path: Path, environ: dict[str, str], listen: Callable[..., str]
) -> None:
    system = f"unix://{tmp_path / 'system.sock'}"
    assert find_docker(environ, system=system) is None
    ours = listen(State(tmp_path / "state").docker / "docker.sock")
    assert find_docker(environ, system=system) == ours
    listen(tmp_path / "system.sock")
    assert find_docker(environ, system=system) == system
    _context(environ, "far", "tcp://far:2375")
    assert find_docker(environ, system=system) == "tcp://far:2375"
    assert find_docker(environ | {"DOCKER_CONTEXT": "default"}, system=system) == system
    assert find_docker(environ | {"DOCKER_HOST": "tcp://host:1"}, system=system) == "tcp://host:1"


def test_a_socket_that_nobody_serves_is_passed_over(
    tmp_path: Path, environ: dict[str, str], listen: Callable[..., str]
) -> None:
    dead = listen(tmp_path / "dead.sock", status=500)
    ours = listen(State(tmp_path / "state").docker / "docker.sock")
    assert find_docker(environ, system=dead) == ours


@pytest.mark.parametrize(
    "config", ["", "[]", '{"currentContext": null}'], ids=["empty", "a list", "no context"]
)
def test_a_docker_configuration_that_says_nothing_changes_nothing(
    tmp_path: Path, environ: dict[str, str], config: str
) -> None:
    directory = tmp_path / "config"
    directory.mkdir()
    (directory / "config.json").write_text(config)
    found = find_docker(environ | {"DOCKER_CONFIG": str(directory)}, system=f"unix://{tmp_path / 'none'}")
    assert found is None


def test_a_context_that_is_not_there_is_an_error_and_no_other_engine(
    tmp_path: Path, environ: dict[str, str], listen: Callable[..., str]
) -> None:
    system = listen(tmp_path / "system.sock")
    with pytest.raises(EngineError, match='docker context "gone" cannot be used'):
        find_docker(environ | {"DOCKER_CONTEXT": "gone"}, system=system)


def test_an_engine_that_answers_is_used_as_it_is(
    tmp_path: Path, environ: dict[str, str], listen: Callable[..., str]
) -> None:
    host, said = listen(tmp_path / "d.sock"), []
    state = State(tmp_path / "state")
    assert ensure_docker(state, say=said.append, environ=environ, system=host) == host
    assert said == [f"Docker Engine 99.0 at {host}"]
    assert not state.home.exists()


def test_a_chosen_engine_that_is_dead_is_an_error_and_not_replaced(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    state = State(tmp_path / "state")
    dead = f"unix://{tmp_path / 'dead.sock'}"
    with pytest.raises(EngineError, match="no Docker Engine answers there") as failure:
        ensure_docker(state, say=print, environ=environ | {"DOCKER_HOST": dead})
    assert failure.value.where == dead
    assert "unset DOCKER_HOST" in failure.value.next_step
    assert not state.home.exists()


@pytest.mark.parametrize("host", ["npipe:////./pipe/docker", "nonsense", "tcp://"])
def test_an_address_that_cannot_be_reached_from_here_says_so(host: str) -> None:
    assert not answers(host)
    with pytest.raises(EngineError, match="unix://, tcp:// or ssh://"):
        ask(host, "GET", "/version")
