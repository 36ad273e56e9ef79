"""Services of the reference fleet as processes of this host, from their start to their end.

Those that need what only their image has are tried in it: jobs.py, tests/integration/test_reference_fleet.py.
"""

import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jobs import JOBS
from ports import free_port

from pipeline.catalog.load import load_catalog
from pipeline.catalog.service import Service

FLEET = Path(__file__).parents[2] / "fleet"
DEADLINE = 120.0
# The images with a directory of their own: what their Dockerfiles make the command, and where modules are.
OWN = {
    "ModelOpsCoordinator": (["-m", "model_ops.service"], "model_ops_coordinator/src"),
    "AffectiveProcessingCenter": (["affective_processing_center/service.py"], "affective_processing_center"),
    "coordination": (["main_pc_code/services/coordinator.py"], "."),
    "emotion_system": (["main_pc_code/services/emotion_system.py"], "."),
}
CATALOG = load_catalog(FLEET)
IN_THEIR_IMAGE = {name for names in JOBS.values() for name in names}
SMOKED = [service for image in CATALOG.images.values() for service in image.smoked]
SERVICES = [service for service in SMOKED if service.name not in IN_THEIR_IMAGE]


@contextlib.contextmanager
def _running(service: Service, health_port: int) -> Iterator[subprocess.Popen[bytes]]:
    arguments, modules = OWN.get(service.name) or (list(service.command[1:]), ".")
    environ = {**os.environ, "PYTHONPATH": str(FLEET / modules), "HEALTH_PORT": str(health_port)}
    environ |= {"PYTHONDONTWRITEBYTECODE": "1"}
    # NB: it gives way to who asks it, or on a busy machine nobody would see that it was not ready yet.
    command = ["nice", "-n", "19", sys.executable, *arguments]
    process = subprocess.Popen(command, cwd=FLEET, env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _alone_on(ports: tuple[int, ...]) -> Iterator[None]:
    """Tests run in parallel, and a service's ports are fixed."""
    with contextlib.ExitStack() as stack:
        for port in sorted(ports):
            lock = stack.enter_context((Path(tempfile.gettempdir()) / f"fleet-test-port-{port}").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except ConnectionRefusedError:
        return 0, b""
    finally:
        connection.close()


def _statuses_until_ready(process: subprocess.Popen[bytes], port: int) -> list[int]:
    statuses, give_up = [], time.monotonic() + DEADLINE
    while 200 not in statuses:
        assert process.poll() is None, "it ended before it was ready"
        assert time.monotonic() < give_up, f"not ready: {statuses[-5:]}"
        statuses.append(_get(port, "/health")[0])
        time.sleep(0.002)
    return statuses


def _bound_everywhere(port: int) -> bool:
    """Whether a port is bound to 0.0.0.0, by /proc/net/tcp: a connection alone would not tell."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1] == f"00000000:{port:04X}" and row[3] == "0A" for row in rows)


def test_every_service_is_tried_here_or_in_its_image() -> None:
    assert {service.name for service in SMOKED} >= IN_THEIR_IMAGE
    assert len(SERVICES) == 14


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_is_honest_from_start_to_end(service: Service) -> None:
    port = free_port()
    with _alone_on(service.ports), _running(service, port) as process:
        statuses = _statuses_until_ready(process, port)
        assert set(statuses) <= {0, 503, 200}
        status, body = _get(port, "/health")
        assert (status, json.loads(body)) == (200, {"status": "ok"})
        assert [_get(port, path)[0] for path in ("/", "/healthz", "/health/")] == [404, 404, 404]
        assert [each for each in service.ports if not _bound_everywhere(each)] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=DEADLINE) == 0
    # NB: on a busy machine the moment may pass between two questions, not every time.
    starts = (_statuses_of_a_start(service) for _ in range(5))
    assert 503 in statuses or any(503 in each for each in starts), "it was ready before it could be"


def _statuses_of_a_start(service: Service) -> list[int]:
    port = free_port()
    with _alone_on(service.ports), _running(service, port) as process:
        return _statuses_until_ready(process, port)


def test_a_taken_port_ends_a_service_with_an_error() -> None:
    service = next(service for service in SERVICES if service.name == "Responder")
    with _alone_on(service.ports), socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", service.ports[0]))
        taken.listen()
        with _running(service, free_port()) as process:
            assert process.wait(timeout=DEADLINE) == 1


@pytest.mark.parametrize(
    ("name", "request_body", "expected"),
    [
        pytest.param(
            "ChainOfThoughtAgent",
            {"question": "2 * (3 + 4)"},
            {"steps": ["3 + 4 = 7", "2 * 7 = 14"], "answer": 14},
            id="arithmetic",
        ),
        pytest.param(
            "EmotionSynthesisAgent",
            {"valence": 0, "arousal": 0.5},
            {"pace": 1.0, "pitch": 1.0, "loudness": 0.677},
            id="on its health port",
        ),
    ],
)
def test_a_service_does_what_it_says(name: str, request_body: object, expected: object) -> None:
    service = next(service for service in SERVICES if service.name == name)
    port = free_port()
    with _alone_on(service.ports), _running(service, port) as process:
        _statuses_until_ready(process, port)
        target = service.ports[0] if service.ports else port
        assert _post(target, json.dumps(request_body)) == (200, expected)
        assert _post(target, "not JSON")[0] == 400


def _post(port: int, body: str) -> tuple[int, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request("POST", "/", body=body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
