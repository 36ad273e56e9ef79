"""The least of Docker Engine's API, for what needs nothing but Python: is one there, and `make clean`.

Everything else asks by `pipeline.docker_host.client`.

The paths are without a version: Docker Engine then answers with its newest one
(https://docs.docker.com/engine/api/#versioned-api-and-sdk).
"""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from pipeline.docker_host.address import reached
from pipeline.docker_host.chosen import PLAIN, next_step
from pipeline.errors import EngineError


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@contextmanager
def _connected(host: str, timeout: float) -> Iterator[HTTPConnection]:
    with reached(host) as address:
        if address.socket:
            connection: HTTPConnection = _UnixConnection(address.socket, timeout)
        elif address.tls:
            connection = HTTPSConnection(address.hostname, address.port, timeout=timeout, context=address.tls)
        else:
            connection = HTTPConnection(address.hostname, address.port, timeout=timeout)
        with closing(connection):
            yield connection


@contextmanager
def _response(host: str, method: str, path: str, *, timeout: float) -> Iterator[HTTPResponse]:
    try:
        with _connected(host, timeout) as connection:
            connection.request(method, path)
            yield connection.getresponse()
    except (OSError, HTTPException) as error:
        raise EngineError(
            f"Docker Engine did not answer {method} {urlsplit(path).path}: {error or type(error).__name__}",
            where=host,
            next_step=next_step(str(error)),
        ) from error


def answers(host: str, *, timeout: float = 2.0) -> bool:
    """Whether a Docker Engine answers at an address such as ``unix:///var/run/docker.sock``."""
    try:
        with _response(host, "GET", "/_ping", timeout=timeout) as response:
            return response.status == 200
    except EngineError:
        return False


def ask(host: str, method: str, path: str, *, timeout: float = 60.0, **query: str) -> Any:
    """One request without a body; a JSON answer as its value, anything else as text.

    ``timeout`` is in seconds without any byte arriving. Raises EngineError, also on 4xx and 5xx.
    """
    address = path + ("?" + urlencode(query) if query else "")
    with _response(host, method, address, timeout=timeout) as response:
        return _value(response, where=f"{method} {path}")


def _value(response: HTTPResponse, *, where: str) -> Any:
    text = response.read().decode(errors="replace")
    if response.status < 400:
        is_json = response.headers.get_content_type() == "application/json"
        return json.loads(text) if is_json and text.strip() else text
    try:
        message = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        message = text.strip()
    step = next_step(message) if PLAIN in message else ""
    raise EngineError(
        f"Docker Engine refused: {message} (HTTP {response.status})", where=where, next_step=step
    )
