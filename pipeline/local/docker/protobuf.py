"""The little of protocol buffers' wire format that BuildKit's session needs.

https://protobuf.dev/programming-guides/encoding/: varints, 64-bit, 32-bit and length-delimited fields.
"""

from collections.abc import Iterable, Mapping

Field = int | bytes | str
Message = Mapping[int, list[int | bytes]]


def encode(*fields: tuple[int, Field]) -> bytes:
    """A message of (number, value) pairs; zero and empty values are left out, as proto3 does."""
    return b"".join(_field(number, value) for number, value in fields if value not in (0, b"", ""))


def decode(data: bytes) -> dict[int, list[int | bytes]]:
    """Values by field number, in order. Raises ValueError for what is no message."""
    fields: dict[int, list[int | bytes]] = {}
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        value, position = _read_value(data, position, key & 7)
        fields.setdefault(key >> 3, []).append(value)
    return fields


def number(message: Message, field: int) -> int:
    """The last value of a varint field, 0 if absent."""
    value = message.get(field, [0])[-1]
    if isinstance(value, bytes):
        raise ValueError(f"field {field} is not a number")  # noqa: TRY004 - the data is wrong, not the caller
    return value


def data(message: Message, field: int) -> bytes:
    """The last value of a bytes field, empty if absent."""
    value = message.get(field, [b""])[-1]
    if isinstance(value, int):
        raise ValueError(f"field {field} is not bytes")  # noqa: TRY004
    return value


def text(message: Message, field: int) -> str:
    """The last value of a string field, empty if absent."""
    return data(message, field).decode(errors="replace")


def messages(message: Message, field: int) -> Iterable[dict[int, list[int | bytes]]]:
    """Every value of a repeated message field."""
    return [decode(value) for value in message.get(field, []) if isinstance(value, bytes)]


def varint(value: int) -> bytes:
    """Little-endian groups of seven bits; negative numbers as 64-bit two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, value: Field) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("truncated or oversized varint")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value & (1 << 64) - 1, position


def _read_value(data: bytes, position: int, wire: int) -> tuple[int | bytes, int]:
    if wire == 0:
        return _read_varint(data, position)
    sizes = {1: 8, 5: 4}
    if wire == 2:
        size, position = _read_varint(data, position)
    elif wire in sizes:
        size = sizes[wire]
    else:
        raise ValueError(f"wire type {wire}")
    if position + size > len(data):
        raise ValueError("truncated field")
    return data[position : position + size], position + size
