"""From ``unix://``, ``tcp://`` or ``ssh://`` to what can be connected to."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.docker_host.chosen import tls_of
from pipeline.docker_host.ssh import forwarded
from pipeline.errors import EngineError

PLAIN_PORT, TLS_PORT = 2375, 2376  # https://docs.docker.com/engine/security/protect-access/


@dataclass(frozen=True, kw_only=True)
class Address:
    """A ``socket`` (a path), or else ``hostname`` and ``port``, with TLS where there is a context for it."""

    socket: str = ""
    hostname: str = "docker"
    port: int = 80
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """What HTTP calls it."""
        name = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return f"{'https' if self.tls else 'http'}://{name}:{self.port}"


@contextmanager
def reached(host: str) -> Iterator[Address]:
    """Where to connect to for the Engine at ``host``, as long as the block lasts; ssh is asked to forward.

    Raises EngineError for what is no address, certificates that cannot be read, and with the last words of
    ssh.
    """
    try:
        parts = urlsplit(host)
        number = parts.port
    except ValueError as error:
        raise EngineError(f"no address of a Docker Engine ({error})", where=host) from None
    if parts.scheme == "unix" and (path := host.partition("://")[2]):
        yield Address(socket=_absolute(path, host))
    elif parts.scheme == "ssh" and parts.hostname:
        with forwarded(host) as socket:
            yield Address(socket=socket)
    elif parts.scheme == "tcp" and parts.hostname:
        tls = tls_of(host)
        port = number or (TLS_PORT if tls else PLAIN_PORT)
        yield Address(hostname=parts.hostname, port=port, tls=tls)
    else:
        raise EngineError("no address of a Docker Engine: unix://, tcp:// or ssh://", where=host)


def _absolute(path: str, host: str) -> str:
    """NB: docker takes a relative path from where it stands; who acts on an Engine may stand elsewhere."""
    if path.startswith("/"):
        return path
    meant = f"unix://{Path(path).absolute()}"
    raise EngineError(
        f"no address of a Docker Engine: a socket's path is absolute, as in {meant}", where=host
    )
