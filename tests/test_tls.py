"""Certificates are taken and refused as programs in Go do it, whatever Python's default is."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_certificates import Authority

from pipeline.docker_host.chosen import tls_of
from pipeline.registry.oci.transport import _trust
from pipeline.tls import client_context

ADDRESS, OTHER = "192.0.2.2", "192.0.2.3"


@pytest.fixture(autouse=True)
def strict_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is from Python 3.13 on."""
    plain = ssl.create_default_context

    def strict(**options: Any) -> ssl.SSLContext:
        context = plain(**options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shake_hands(client: ssl.SSLContext, authority: Authority, name: str) -> None:
    """A whole TLS handshake of a client with a server at ADDRESS, in memory."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*authority.vouch(ADDRESS))
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in [*ends]:
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                pass


def test_python_itself_would_refuse_it(authority: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Missing Authority Key Identifier"):
        shake_hands(ssl.create_default_context(cafile=authority.path), authority, ADDRESS)


def test_a_certificate_without_every_extension_is_taken(authority: Authority) -> None:
    shake_hands(client_context(authority.path), authority, ADDRESS)


@pytest.mark.parametrize(
    ("trusted", "name", "told"),
    [
        (lambda authority, _: authority.path, OTHER, "IP address mismatch"),
        (lambda _, other: other.path, ADDRESS, "certificate signature failure|self.signed certificate"),
        (lambda *_: None, ADDRESS, "unable to get local issuer certificate|self.signed certificate"),
    ],
    ids=["another address", "another authority of that name", "not of this machine's"],
)
def test_all_else_is_refused(
    authority: Authority, tmp_path: Path, trusted: Callable[..., Path | None], name: str, told: str
) -> None:
    (tmp_path / "other").mkdir()
    context = client_context(trusted(authority, Authority(tmp_path / "other")))
    with pytest.raises(ssl.SSLCertVerificationError, match=told):
        shake_hands(context, authority, name)


def test_docker_engines_and_registries_are_asked_so(authority: Authority) -> None:
    environ = {
        "DOCKER_HOST": "tcp://far:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(authority.folder),
    }
    engine = tls_of("tcp://far:2376", environ)
    assert engine is not None
    shake_hands(engine, authority, ADDRESS)
    assert not _trust(local=False).verify_flags & ssl.VERIFY_X509_STRICT
