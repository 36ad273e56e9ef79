"""Signatures: Ed25519 over DSSE envelopes, made with a key that only the caller has.

Form: https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md. The public key stands in fleet.toml.
"""

# pyright: reportPrivateImportUsage=false
# NB: securesystemslib and cryptography take 0.1 s to import: only what signs or checks pays for them.
import base64
import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.catalog.public_key import public_bytes
from pipeline.errors import PipelineError, UsageError

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner


class SignatureError(PipelineError):
    """A signature that is wrong, or of another key."""


class UnsignedError(SignatureError):
    """There is no signature at all."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A private key. ``public`` is its other half, 32 bytes."""

    public: bytes
    _inner: "CryptoSigner" = field(repr=False)

    def sign(self, payload: bytes, *, payload_type: str) -> dict[str, Any]:
        """A DSSE envelope around the payload; equal payloads give equal envelopes."""
        from securesystemslib.dsse import Envelope

        envelope = Envelope(payload, payload_type, {})
        envelope.sign(self._inner)
        return envelope.to_dict()


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The public key whose signatures count, 32 bytes."""

    public: bytes

    def open(self, document: Mapping[str, Any], *, payload_type: str) -> bytes:
        """The payload of an envelope that this key signed. Raises SignatureError."""
        from securesystemslib.dsse import Envelope
        from securesystemslib.exceptions import Error, VerificationError
        from securesystemslib.signer import SSlibKey

        key = SSlibKey(key_id(self.public), "ed25519", "ed25519", {"public": self.public.hex()})
        try:
            # NB: from_dict changes what it is given.
            envelope = Envelope.from_dict(copy.deepcopy(dict(document)))
            if envelope.payload_type != payload_type:
                raise SignatureError(f"it is of a {envelope.payload_type!r}, not of a {payload_type!r}")
            envelope.verify([key], 1)
        except VerificationError:
            raise SignatureError("the signature is not one of fleet.toml's public_key") from None
        except (Error, KeyError, TypeError, ValueError, AttributeError) as error:
            raise SignatureError(f"the signature cannot be read: {error}") from None
        return envelope.payload


def load_signer(pem: bytes) -> Signer:
    """The signer of a PEM private key (PKCS #8, not encrypted). Raises UsageError for anything else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner, SSlibKey

    try:
        private = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(
            "it holds no Ed25519 private key in PEM form without a password",
            where="--signing-key",
            consequence="nothing was signed, so nothing was done",
            next_step="make one: openssl genpkey -algorithm ed25519 -out signing.pem",
        )
    public = private.public_key().public_bytes_raw()
    key = SSlibKey(key_id(public), "ed25519", "ed25519", {"public": public.hex()})
    return Signer(public=public, _inner=CryptoSigner(private, key))


def load_trust(public_key: str) -> Trust | None:
    """The trust in fleet.toml's ``public_key``; None where there is none."""
    return Trust(public=public_bytes(public_key)) if public_key else None


def check_pair(signer: Signer | None, trust: Trust | None) -> None:
    """Raise UsageError for a signing key whose signatures nobody would accept."""
    if signer is not None and (trust is None or trust.public != signer.public):
        raise UsageError(
            "its public key is not the one in fleet.toml" if trust else "fleet.toml has no public key",
            where="--signing-key",
            consequence="nothing was done: `verify` would not accept what it signs",
            next_step="put the output of `openssl pkey -in signing.pem -pubout` into [fleet] public_key",
        )


def key_id(public: bytes) -> str:
    """What names a key in an envelope: the sha256 of its 32 bytes."""
    return hashlib.sha256(public).hexdigest()


def is_envelope(document: Mapping[str, Any]) -> bool:
    """Whether a document is a DSSE envelope."""
    return "payload" in document and "payloadType" in document


def unchecked_payload(document: Mapping[str, Any]) -> bytes:
    """What is in an envelope, whoever signed it; empty for what is none. Not to be trusted."""
    try:
        return base64.b64decode(document["payload"], validate=True)
    except (KeyError, TypeError, ValueError):
        return b""
