"""Asks the fork server for a command, and is that command to whoever started it.

The command has its standard streams, gets its signals, dies with it, and gives it an exit code. It stands
in for a program that is started hundreds of times: only small parts of the standard library are imported.
"""

import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence

LENGTH = struct.Struct("!I")
NUMBER = struct.Struct("!i")
PASSED_ON = (signal.SIGINT, signal.SIGTERM)


class Forked:
    """A command that runs in a fork of the server."""

    def __init__(self, address: str, words: Sequence[str], environment: Mapping[str, str], cwd: str) -> None:
        """``words`` begin with the program: `pipeline`, or `python` with -m; its streams are ours."""
        self._answers = socket.socket(socket.AF_UNIX)
        self._answers.connect(address)
        parts = [cwd, str(len(words)), *words, *(f"{name}={value}" for name, value in environment.items())]
        asked = b"\0".join(map(os.fsencode, parts))
        socket.send_fds(self._answers, [LENGTH.pack(len(asked))], [0, 1, 2])
        self._answers.sendall(asked)
        self.pid = self._number()

    def _number(self) -> int:
        answer = self._answers.recv(NUMBER.size, socket.MSG_WAITALL)
        return NUMBER.unpack(answer)[0] if answer else -signal.SIGKILL  # it died without a word

    def wait(self) -> int:
        """Its exit code."""
        return self._number()


def _main() -> int:
    address, *words = sys.argv[1:]
    forked = Forked(address, words, os.environ, os.getcwd())  # noqa: PTH109
    for number in PASSED_ON:
        signal.signal(number, lambda number, _: os.kill(forked.pid, number))
    return forked.wait()


if __name__ == "__main__":
    sys.exit(_main() & 255)
