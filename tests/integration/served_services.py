"""A service in a container of its published image, asked over HTTP from its first second to its end."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from jobs import Ask, as_body
from tiny_docker import DockerCommand

from pipeline.catalog.service import Service

DEADLINE = 120.0


@contextmanager
def serving(docker: DockerCommand, reference: str, service: Service) -> Iterator[Ask]:
    """Start a service, wait until it says that it is ready, yield what asks it, end it with SIGTERM.

    On the way: it answers 503 before it is ready, 404 for an unknown path, and ends with 0.
    """
    health = service.health.port if service.health and service.health.port else 8080
    container = docker("run", "-d", "-e", f"HEALTH_PORT={health}", reference, *service.command)
    try:
        address = docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", container)
        statuses = _statuses_until_ready(docker, container, address, health)
        assert set(statuses) <= {0, 503, 200}, statuses
        yield partial(_post, address)
        assert _get(address, health, "/healthz") == 404
        docker("kill", "--signal", "TERM", container)
        assert docker("wait", container) == "0", docker("logs", container)
    finally:
        docker("rm", "-f", container)


def _statuses_until_ready(docker: DockerCommand, container: str, address: str, port: int) -> list[int]:
    statuses, give_up = [], time.monotonic() + DEADLINE
    while 200 not in statuses:
        running = docker("inspect", "-f", "{{.State.Running}}", container)
        assert running == "true", f"it ended before it was ready:\n{docker('logs', container)}"
        assert time.monotonic() < give_up, f"not ready: {statuses[-5:]}"
        statuses.append(_get(address, port, "/health"))
        time.sleep(0.05)
    return statuses


def _get(address: str, port: int, path: str) -> int:
    """The status, or 0 where nothing listens yet."""
    connection = http.client.HTTPConnection(address, port, timeout=DEADLINE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (ConnectionError, TimeoutError):
        return 0
    finally:
        connection.close()


def _post(address: str, port: int, path: str, body: bytes | object) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(address, port, timeout=DEADLINE)
    try:
        connection.request("POST", path, body=as_body(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
