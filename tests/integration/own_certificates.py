"""A certificate authority for one test: it vouches for a server's address, and its key signs tokens.

NB: its certificates have no Authority Key Identifier, as many that are made by hand.
"""

import base64
import datetime
import json
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from pipeline.tls import client_context

_DAY = datetime.timedelta(days=1)


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass(frozen=True)
class Authority:
    """Its files are in ``folder``: ``ca.pem``, and for each address that it vouches for a pair."""

    folder: Path
    key: rsa.RSAPrivateKey = field(default_factory=_new_key, repr=False)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        signed = self._builder(name, self.key, ca=True).sign(self.key, hashes.SHA256())
        object.__setattr__(self, "certificate", signed)
        self.path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    @property
    def path(self) -> Path:
        return self.folder / "ca.pem"

    def trust(self) -> ssl.SSLContext:
        """What a client trusts that knows this authority and no other."""
        return client_context(self.path)

    def vouch(self, address: str) -> tuple[Path, Path]:
        """Certificate and key of a server at an IP address."""
        key = _new_key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        builder = self._builder(name, key, ca=False).add_extension(addresses, critical=False)
        signed = builder.sign(self.key, hashes.SHA256())
        paths = self.folder / "server.pem", self.folder / "server.key"
        paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(_pem(key))
        return paths

    def _builder(self, name: x509.Name, key: rsa.RSAPrivateKey, *, ca: bool) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        builder = x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - _DAY).not_valid_after(now + _DAY)
        return builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)

    def sign_token(self, claims: dict[str, Any]) -> str:
        """A JSON Web Token, RS256, with its certificate in the header (RFC 7515, sections 3.1 and 4.1.6)."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        signed = f"{_web(json.dumps(header).encode())}.{_web(json.dumps(claims).encode())}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_web(signature)}"


def _web(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
