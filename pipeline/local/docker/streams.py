"""A container's two output streams, apart and in bounded memory.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach: frames
of a stream number, three zero bytes, a big-endian length, and that many bytes.
"""

import struct
from collections.abc import Callable

HEAD = struct.Struct(">BxxxI")
HALF = 8 << 20  # bytes kept of a stream's beginning, and of its end


class Kept:
    """A stream of which the middle is left out when it grows beyond twice ``half`` bytes."""

    def __init__(self, half: int = HALF) -> None:
        self._half = half
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room < len(data) else b""
        if len(self._tail) > 2 * self._half:  # NB: not at every byte over: cutting copies
            self._cut()

    def value(self) -> bytes:
        self._cut()
        return bytes(self._head + self._tail)

    def _cut(self) -> None:
        over = max(0, len(self._tail) - self._half)
        del self._tail[:over]


class Lines:
    """Cuts a stream into lines for people, each told once it is whole."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = b""

    def add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._tell(line.decode(errors="replace"))
        if len(self._rest) > 1 << 16:
            self.end()

    def end(self) -> None:
        if self._rest:
            self._tell(self._rest.decode(errors="replace"))
        self._rest = b""


class Frames:
    """Takes a connection's bytes apart, wherever it cuts them: each frame's number and data are told."""

    def __init__(self, tell: Callable[[int, bytes], None]) -> None:
        self._tell = tell
        self._rest = bytearray()

    def add(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= HEAD.size:
            number, size = HEAD.unpack_from(self._rest)
            end = HEAD.size + size
            if len(self._rest) < end:
                return
            self._tell(number, bytes(self._rest[HEAD.size : end]))
            del self._rest[:end]
