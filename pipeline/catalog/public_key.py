"""The public key that stands in fleet.toml: Ed25519, in the PEM form that `openssl pkey -pubout` prints."""

import base64
import re

# The bytes before the key itself: RFC 8410, section 4 (SubjectPublicKeyInfo of id-Ed25519).
_PREFIX = bytes.fromhex("302a300506032b6570032100")
_LENGTH = 32
_PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END PUBLIC KEY-----\s*")


def public_bytes(text: str) -> bytes:
    """The 32 bytes of the key. Raises ValueError for anything but an Ed25519 public key."""
    match = _PEM.fullmatch(text)
    try:
        body = base64.b64decode("".join(match.group(1).split()), validate=True) if match else b""
    except ValueError:
        body = b""
    if len(body) != len(_PREFIX) + _LENGTH or not body.startswith(_PREFIX):
        raise ValueError(
            "it is no Ed25519 public key in PEM form, as `openssl pkey -in signing.pem -pubout` prints it"
        )
    return body.removeprefix(_PREFIX)
