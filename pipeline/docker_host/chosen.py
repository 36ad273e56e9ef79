"""Which Docker Engine the user chose, and the certificates for it: environment, else docker context."""

import hashlib
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import EngineError
from pipeline.tls import client_context

SYSTEM_SOCKET = "unix:///var/run/docker.sock"
PLAIN = "HTTP request to an HTTPS server"  # Go's net/http says so to those who speak without TLS


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """An Engine: ``certificates`` is a folder of ca.pem, cert.pem and key.pem, None without TLS."""

    host: str
    certificates: Path | None = None
    verified: bool = True


def chosen_docker(environ: Mapping[str, str]) -> Chosen | None:
    """``DOCKER_HOST``, else the docker context other than default; whether it answers was not asked.

    https://docs.docker.com/reference/cli/docker/#environment-variables. Raises EngineError for a context that
    is not there or is not as docker writes it, as the docker command refuses it.
    """
    host = environ.get("DOCKER_HOST")
    if not host:
        return _context(environ)
    verified = bool(environ.get("DOCKER_TLS_VERIFY"))  # NB: the docker command takes "0" for yes, too
    if not verified and not environ.get("DOCKER_TLS"):
        return Chosen(host=host)
    certificates = Path(environ.get("DOCKER_CERT_PATH") or _configuration(environ))
    return Chosen(host=host, certificates=certificates, verified=verified)


def tls_of(host: str, environ: Mapping[str, str] = os.environ) -> ssl.SSLContext | None:
    """What speaks TLS with the Engine at ``host``, None where that is not wanted.

    Raises EngineError for certificates that cannot be read.
    """
    chosen = chosen_docker(environ)
    if chosen is None or chosen.host != host or chosen.certificates is None or not host.startswith("tcp://"):
        return None
    authority, mine, key = (chosen.certificates / name for name in ("ca.pem", "cert.pem", "key.pem"))
    try:
        # NB: without an authority of its own it is this machine's that count
        context = client_context(authority if authority.exists() else None)
        if not chosen.verified:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if mine.exists() or key.exists():
            context.load_cert_chain(mine, key)
    except OSError as error:
        raise EngineError(
            f"the certificates for Docker Engine cannot be read ({error.strerror or error})",
            where=str(chosen.certificates),
            next_step="DOCKER_CERT_PATH or the docker context names their folder (ca.pem, cert.pem, key.pem)",
        ) from error
    return context


def next_step(told: str) -> str:
    """What to do about an Engine that cannot be reached, by what was told about it."""
    if PLAIN in told:
        return "it is reached over TLS: DOCKER_TLS_VERIFY=1, and its certificates in DOCKER_CERT_PATH"
    if "SSL" in told:
        return "ca.pem, cert.pem and key.pem of DOCKER_CERT_PATH or the docker context must be this Engine's"
    return "start it, or name another one in DOCKER_HOST"


def _context(environ: Mapping[str, str]) -> Chosen | None:
    """The docker context in use (https://docs.docker.com/engine/manage-resources/contexts/)."""
    directory = _configuration(environ)
    name = environ.get("DOCKER_CONTEXT") or _read(directory / "config.json").get("currentContext")
    if not name or not isinstance(name, str) or name == "default":
        return None
    digest = hashlib.sha256(name.encode()).hexdigest()
    host, unverified = _endpoint(directory / "contexts" / "meta" / digest / "meta.json", name)
    if not host:
        return None
    folder = directory / "contexts" / "tls" / digest / "docker"
    certificates = folder if unverified or folder.is_dir() else None
    return Chosen(host=host, certificates=certificates, verified=not unverified)


def _endpoint(meta: Path, name: str) -> tuple[str, bool]:
    """The address that a context has for Docker ("" for the default one), and whether anybody is believed."""
    try:
        match json.loads(meta.read_text()):
            case {"Endpoints": {"docker": {**endpoint}}}:
                host, unverified = endpoint.get("Host", ""), endpoint.get("SkipTLSVerify", False)
                if isinstance(host, str) and isinstance(unverified, bool):
                    return host, unverified
        reason = "its endpoint for Docker is missing, or not as docker writes it"
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    raise EngineError(
        f'the docker context "{name}" cannot be used ({reason})',
        where=str(meta),
        next_step="choose one that `docker context ls` lists, by `docker context use` or DOCKER_CONTEXT; "
        "or name an Engine in DOCKER_HOST",
    )


def _configuration(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or Path.home()) / ".docker")


def _read(path: Path) -> dict:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
