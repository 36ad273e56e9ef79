"""A small synchronous client of Docker Engine's API, enough for set-up; no docker command is needed.

The paths are without a version: Docker Engine then answers with its newest one
(https://docs.docker.com/engine/api/#versioned-api-and-sdk).
"""

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from pipeline.docker_host.address import reached
from pipeline.docker_host.chosen import PLAIN, next_step
from pipeline.errors import EngineError

_NO_CREDENTIALS = "e30="  # base64 of {}: Docker wants the header even for an anonymous registry
Body = bytes | IO[bytes] | None


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
def _response(
    host: str, method: str, path: str, *, body: Body, content_type: str, timeout: float
) -> Iterator[HTTPResponse]:
    headers = {"Content-Type": content_type, "X-Registry-Auth": _NO_CREDENTIALS}
    try:
        with _connected(host, timeout) as connection:
            connection.request(method, path, body=body, headers=headers, encode_chunked=True)
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
        with _response(host, "GET", "/_ping", body=None, content_type="", timeout=timeout) as response:
            return response.status == 200
    except EngineError:
        return False


@dataclass(frozen=True, kw_only=True)
class DockerApi:
    """Docker Engine at one address; every call has a deadline in seconds without any byte arriving."""

    host: str
    timeout: float = field(default=60.0)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Body | Mapping[str, Any] = None,
        content_type: str = "application/json",
        timeout: float | None = None,
    ) -> Any:
        """One request; a JSON answer as its value, anything else as text. EngineError on 4xx and 5xx."""
        data = json.dumps(body).encode() if isinstance(body, Mapping) else body
        address = path + ("?" + urlencode(query, doseq=True) if query else "")
        with _response(
            self.host, method, address, body=data, content_type=content_type, timeout=timeout or self.timeout
        ) as response:
            return _value(response, where=f"{method} {path}")

    def messages(
        self,
        path: str,
        *,
        query: Mapping[str, Any],
        body: Body = None,
        content_type: str = "application/x-tar",
        timeout: float = 600.0,
    ) -> Iterator[Mapping[str, Any]]:
        """POST, and the messages of the answer (pull, push, import, build). EngineError on an error's."""
        address = f"{path}?{urlencode(query, doseq=True)}"
        with _response(
            self.host, "POST", address, body=body, content_type=content_type, timeout=timeout
        ) as response:
            if response.status >= 400:
                _value(response, where=f"POST {path}")
            yield from _checked(json.loads(line) for line in response if line.strip())

    def push(self, reference: str) -> None:
        """Push a local image under a reference with a tag to an anonymous registry."""
        name, _, tag = reference.rpartition(":")
        for _ in self.messages(f"/images/{quote(name)}/push", query={"tag": tag}):
            pass

    def has_image(self, reference: str) -> bool:
        """Whether an image of that name is in this Docker Engine."""
        try:
            self.call("GET", f"/images/{quote(reference)}/json")
        except EngineError:
            return False
        return True


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


def _checked(messages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        if "error" in message:
            raise EngineError(f"Docker Engine reported: {message['error']}")
        yield message
