"""The wire codec against itself and against bytes worked out by hand from the specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.docker import protobuf

NUMBERS = st.integers(0, 2**64 - 1)
FIELDS = st.lists(st.tuples(st.integers(1, 2**20), NUMBERS | st.binary(max_size=300) | st.text(max_size=50)))


def test_the_example_of_the_specification() -> None:
    # https://protobuf.dev/programming-guides/encoding/#simple: field 1 = 150; field 2 = "testing"
    assert protobuf.encode((1, 150)) == bytes.fromhex("089601")
    assert protobuf.encode((2, "testing")) == bytes.fromhex("120774657374696e67")
    assert protobuf.decode(bytes.fromhex("089601120774657374696e67")) == {1: [150], 2: [b"testing"]}


@given(FIELDS)
def test_what_was_encoded_is_decoded(fields: list) -> None:
    expected: dict = {}
    for number, value in fields:
        if value not in (0, b"", ""):
            expected.setdefault(number, []).append(value.encode() if isinstance(value, str) else value)
    assert protobuf.decode(protobuf.encode(*fields)) == expected


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_message_or_a_value_error(data: bytes) -> None:
    try:
        fields = protobuf.decode(data)
    except ValueError:
        return
    assert all(values for values in fields.values())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x08", id="no-value"),
        pytest.param(b"\x12\x05abc", id="shorter-than-it-says"),
        pytest.param(b"\x0b", id="a-group"),
        pytest.param(b"\x08" + b"\xff" * 11, id="endless-varint"),
        pytest.param(b"\x09\x00", id="half-a-double"),
    ],
)
def test_a_broken_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        protobuf.decode(data)


def test_fixed_width_fields_are_stepped_over() -> None:
    assert protobuf.decode(b"\x09" + bytes(8) + b"\x15" + bytes(4) + b"\x18\x01")[3] == [1]


def test_the_last_value_counts_and_kinds_are_told_apart() -> None:
    message = protobuf.decode(protobuf.encode((1, 1), (1, 2), (2, b"x")))
    assert protobuf.number(message, 1) == 2
    assert protobuf.data(message, 2) == b"x"
    assert (protobuf.number(message, 9), protobuf.data(message, 9), protobuf.text(message, 9)) == (0, b"", "")
    with pytest.raises(ValueError):
        protobuf.number(message, 2)
    with pytest.raises(ValueError):
        protobuf.data(message, 1)


def test_a_negative_number_is_sixty_four_bits() -> None:
    assert protobuf.decode(protobuf.encode((1, -1))) == {1: [2**64 - 1]}
