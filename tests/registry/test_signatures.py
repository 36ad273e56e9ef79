"""Signatures: what the key signed opens, and nothing else does."""

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalog.public_key import public_bytes
from pipeline.errors import UsageError
from pipeline.registry.documents.signing import (
    SignatureError,
    Signer,
    Trust,
    check_pair,
    load_signer,
    load_trust,
    unchecked_payload,
)

TYPE = "application/vnd.in-toto+json"


def openssl(*words: str) -> bytes:
    return subprocess.run(["openssl", *words], capture_output=True, check=True).stdout


def pem(path: Path, *, algorithm: str = "ed25519") -> bytes:
    openssl("genpkey", "-algorithm", algorithm, "-out", str(path))
    return path.read_bytes()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return load_signer(pem(tmp_path / "one.pem"))


@pytest.fixture
def other(tmp_path: Path) -> Signer:
    return load_signer(pem(tmp_path / "other.pem"))


def test_what_the_key_signed_opens(signer: Signer) -> None:
    envelope = signer.sign(b'{"a": 1}', payload_type=TYPE)
    assert Trust(public=signer.public).open(envelope, payload_type=TYPE) == b'{"a": 1}'
    assert unchecked_payload(envelope) == b'{"a": 1}'
    assert signer.sign(b'{"a": 1}', payload_type=TYPE) == envelope


def test_openssl_agrees_about_the_signature(signer: Signer, tmp_path: Path) -> None:
    """The bytes that are signed are those of DSSE's protocol.md, "Signature Definition"."""
    payload = b'{"a": 1}'
    envelope = signer.sign(payload, payload_type=TYPE)
    (tmp_path / "signed").write_bytes(
        b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)
    )
    (tmp_path / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    key = ["-inkey", str(tmp_path / "one.pem"), "-rawin", "-in", str(tmp_path / "signed")]
    assert openssl("pkeyutl", "-verify", *key, "-sigfile", str(tmp_path / "signature"))


def changed(envelope: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**envelope, **values}


def test_anything_else_does_not_open(signer: Signer, other: Signer) -> None:
    good = signer.sign(b"{}", payload_type=TYPE)
    theirs = other.sign(b"{}", payload_type=TYPE)
    renamed = [{**theirs["signatures"][0], "keyid": good["signatures"][0]["keyid"]}]
    spoiled = {
        "another payload": changed(good, payload=base64.b64encode(b"[]").decode()),
        "another type": changed(good, payloadType="text/plain"),
        "another key": theirs,
        "another key under our id": changed(good, signatures=renamed),
        "no signature": changed(good, signatures=[]),
        "no list": changed(good, signatures=3),
        "no text": changed(good, payload=None),
        "nothing": {},
    }
    for name, envelope in spoiled.items():
        with pytest.raises(SignatureError):
            Trust(public=signer.public).open(envelope, payload_type=TYPE)
            pytest.fail(name)
    assert Trust(public=signer.public).open(good, payload_type=TYPE) == b"{}"


@pytest.mark.parametrize("kind", ["empty", "text", "public", "x25519"])
def test_only_a_private_ed25519_key_signs(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    content = {
        "empty": lambda: b"",
        "text": lambda: b"secret",
        "public": lambda: pem(path) and openssl("pkey", "-in", str(path), "-pubout"),
        "x25519": lambda: pem(path, algorithm="x25519"),
    }[kind]()
    with pytest.raises(UsageError, match="no Ed25519 private key") as raised:
        load_signer(content)
    assert "openssl genpkey" in raised.value.next_step


def test_the_key_in_the_catalog_is_the_other_half(signer: Signer, other: Signer, tmp_path: Path) -> None:
    public = openssl("pkey", "-in", str(tmp_path / "one.pem"), "-pubout").decode()
    assert public_bytes(public) == signer.public
    trust = load_trust(public)
    check_pair(signer, trust)
    check_pair(None, trust)
    check_pair(None, load_trust(""))
    with pytest.raises(UsageError, match=r"not the one in fleet\.toml"):
        check_pair(other, trust)
    with pytest.raises(UsageError, match=r"fleet\.toml has no public key"):
        check_pair(signer, None)


@pytest.mark.parametrize("kind", ["text", "private", "x25519", "cut"])
def test_only_a_public_ed25519_key_is_trusted(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    private = pem(path, algorithm="x25519" if kind == "x25519" else "ed25519").decode()
    public = openssl("pkey", "-in", str(path), "-pubout").decode()
    text = {"text": "key", "private": private, "x25519": public, "cut": public[:40]}[kind]
    with pytest.raises(ValueError, match="no Ed25519 public key"):
        public_bytes(text)


def test_the_private_key_is_not_shown(signer: Signer) -> None:
    assert "PRIVATE" not in repr(signer)
    assert "_inner" not in repr(signer)
