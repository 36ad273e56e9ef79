"""Small pure parts: Go's modes, references, credentials, what a missing program is."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.docker_host.client import DockerError
from pipeline.local.docker.command import told
from pipeline.local.docker.gomode import from_go, to_go
from pipeline.local.docker.images import header, matches, refused, repository
from pipeline.local.docker.model import Auth, SecretMount
from pipeline.local.tree import Kind


@given(st.integers(0, 0o7777), st.sampled_from([Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK]))
def test_modes_go_there_and_back(mode: int, kind: Kind) -> None:
    assert from_go(to_go(mode, kind)) == (mode, kind)


def test_go_modes_known_from_docker() -> None:
    assert from_go(0x800001ED) == (0o755, "directory")
    assert from_go(0x80000000 | 1 << 20 | 0o777) == (0o1777, "directory")
    assert from_go(1 << 26 | 1 << 21 | 0o666) == (0o666, "other")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("debian", "debian"),
        ("debian:12", "debian"),
        ("localhost:5000/a/b", "localhost:5000/a/b"),
        ("localhost:5000/a/b:1", "localhost:5000/a/b"),
        ("localhost:5000/a/b:1@sha256:00", "localhost:5000/a/b"),
    ],
)
def test_repository(reference: str, expected: str) -> None:
    assert repository(reference) == expected


LACKING = "no matching manifest for linux/s390x in the manifest list entries"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("manifest unknown: manifest unknown", "h:1/a:2: not found"),
        ("Get x: connection refused", "h:1/a:2: Get x: connection refused"),
        (
            f"{LACKING}: no match for platform in manifest: not found",  # 29.7.2, containerd's store
            f"h:1/a:2: {LACKING}",
        ),
        ("denied: token may not\npush", "h:1/a:2: denied: token may not push"),
    ],
)
def test_a_registrys_answer_is_told_with_the_reference(message: str, expected: str) -> None:
    assert str(refused("h:1/a:2", DockerError(message))) == expected


def test_platforms() -> None:
    assert matches("linux/arm64/v8", "linux/arm64")
    assert matches("linux/amd64", "linux/amd64")
    assert not matches("linux/amd64", "linux/arm64")
    assert not matches("linux/arm", "linux/arm64")


def test_credentials_go_into_one_header_and_no_text() -> None:
    auth = Auth(username="me", secret="hidden")
    sent = json.loads(base64.urlsafe_b64decode(header(auth)["X-Registry-Auth"]))
    assert sent == {"username": "me", "password": "hidden"}
    assert header(None) == {}
    assert "hidden" not in repr(auth)
    assert "hidden" not in repr(SecretMount(target="/x", plaintext=b"hidden"))


@pytest.mark.parametrize(
    ("stderr", "code", "expected"),
    [
        (
            b"[FATAL tini (7)] exec /no/x failed: No such file or directory\n",
            127,
            b"fork/exec /no/x: no such file or directory",
        ),
        (
            b"[FATAL tini (7)] exec /etc failed: Permission denied\n",
            126,
            b"fork/exec /etc: permission denied",
        ),
        (
            b"[FATAL tini (7)] exec nope failed: No such file or directory\n",
            127,
            b'exec: "nope": executable file not found in $PATH',
        ),
        (b"sh: 1: nope: not found\n", 127, None),
        (b"[FATAL tini (7)] exec /no/x failed: No such file or directory\n", 1, None),
    ],
)
def test_a_missing_program(stderr: bytes, code: int, expected: bytes | None) -> None:
    ended = (code, b"out", stderr) if expected is None else (1, b"", expected)
    assert told(code, b"out", stderr) == ended
