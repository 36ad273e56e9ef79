"""Debian's docker-registry over TLS, and a token service of the test's own that says who may do what."""

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from own_certificates import Authority
from ports import free_port
from real_registry import served

USERS = {"alice": "correct horse", "reader": "battery staple"}
_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "{host}", tls: {{certificate: {certificate}, key: {key}}}}}
auth: {{token: {{realm: "{realm}", service: tests, issuer: tests, rootcertbundle: {bundle}}}}}
"""


@dataclass
class TokenService:
    """Alice may do everything, the reader may pull, a stranger may pull what is below ``public/``."""

    signer: Authority
    asked: list[tuple[str, str]] = field(default_factory=list)

    def grant(self, user: str, scope: str) -> dict[str, Any]:
        """One scope with those of its actions that the user has."""
        kind, name, actions = scope.split(":")
        mine = {"alice": {"pull", "push"}, "reader": {"pull"}}.get(user, set())
        mine |= {"pull"} if name.startswith("public/") else set()
        return {"type": kind, "name": name, "actions": sorted(mine & set(actions.split(",")))}

    def answer(self, authorization: str, scopes: list[str]) -> tuple[int, dict[str, Any]]:
        """Status and body of an answer: a token, also one that is good for nothing, or 401."""
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        user, _, secret = pair.partition(":")
        self.asked.append((user, " ".join(scopes)))
        if user and USERS.get(user) != secret:
            return 401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong password"}]}
        now = int(time.time())
        claims = {"iss": "tests", "aud": "tests", "sub": user, "iat": now, "nbf": now - 5, "exp": now + 300}
        granted = [self.grant(user, scope) for scope in scopes]
        return 200, {"token": self.signer.sign_token(claims | {"jti": str(now), "access": granted})}


@contextmanager
def serving_tls(
    handler: type[BaseHTTPRequestHandler], address: str, pair: tuple[Path, Path]
) -> Iterator[str]:
    """HOST:PORT of an HTTPS server on a free port, until the block ends."""
    server = ThreadingHTTPServer((address, 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    # NB: a handshake in the listening thread would let one silent client keep all others waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"{address}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(service: TokenService) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            status, content = service.answer(self.headers.get("Authorization", ""), query["scope"])
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    return Answer


def own_address() -> str:
    """An address of this machine that is not its loopback: only those are spoken to over TLS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # NB: a datagram socket sends nothing by this
        except OSError:
            pytest.fail("this machine has no route but loopback: a registry with TLS cannot be tried on it")
        return probe.getsockname()[0]


@contextmanager
def running_with_tokens(folder: Path, authority: Authority, service: TokenService) -> Iterator[str]:
    """HOST:PORT of the registry, until the block ends."""
    address = own_address()
    pair = authority.vouch(address)
    host = f"{address}:{free_port()}"
    with serving_tls(_handler(service), address, pair) as tokens:
        text = _CONFIG.format(
            root=folder / "storage",
            host=host,
            certificate=pair[0],
            key=pair[1],
            realm=f"https://{tokens}/token",
            bundle=authority.path,
        )
        with served(text, folder, host):
            yield host
