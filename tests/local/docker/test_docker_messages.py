"""BuildKit's messages: what stands in buildkit.proto, against bytes worked out by hand and BuildKit's own."""

import importlib.util
import subprocess
import sys

import pytest
from google.protobuf.message import DecodeError

from pipeline.local.docker.messages import PROTO, buildkit, described


def test_the_example_of_the_specification() -> None:
    # https://protobuf.dev/programming-guides/encoding/#simple: field 1 = 150; field 2 = "testing"
    assert buildkit.Packet(type=150).SerializeToString() == bytes.fromhex("089601")
    assert buildkit.Packet(data=b"testing").SerializeToString() == bytes.fromhex("220774657374696e67")


def test_what_a_message_holds_comes_back() -> None:
    packet = buildkit.Packet(
        type=2, ID=7, data=b"x", stat=buildkit.Stat(path="a/ö", mode=1 << 31 | 0o755, size=1 << 40)
    )
    assert buildkit.Packet.FromString(packet.SerializeToString()) == packet


def test_a_packet_of_nothing_has_no_bytes() -> None:
    """It is how fsutil's list of files ends."""
    assert buildkit.Packet(type=0).SerializeToString() == b""


def test_every_message_and_field_of_the_file_is_read() -> None:
    text = PROTO.read_text()
    found = described(text)
    assert len(found.message_type) == text.count("\nmessage ")
    assert sum(len(message.field) for message in found.message_type) == text.count(" = ") - 1  # syntax


def test_a_broken_message_is_refused() -> None:
    with pytest.raises(DecodeError):
        buildkit.StatusResponse.FromString(b"\x08")


def test_only_a_build_pays_for_grpc() -> None:
    slow = ("grpclib", "h2", "google.protobuf")
    code = "import sys, pipeline.local.engine.server; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not [name for name in slow if f" {name}" in loaded]
    assert all(importlib.util.find_spec(name) for name in slow), (
        "a name here that is no module would prove nothing"
    )
