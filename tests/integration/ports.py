"""Ports for servers that cannot choose one themselves, or that must have the same one again.

A port that is free now may be another's a moment later: a test of another worker has looked for one too, or
the kernel has given it to a connection. Those from here are nobody else's until this process ends.
"""

import itertools
import os
import socket
from collections.abc import Iterator

# NB: below ip_local_port_range: what Linux gives to connections, and Docker Engine where nobody chose.
_FIRST, _AFTER = 20_000, 30_000
_claims: list[socket.socket] = []


def free_port() -> int:
    """A port of TCP on which nothing listens, and that this function gives to no other process meanwhile."""
    return next(_mine)


def _unclaimed() -> Iterator[int]:
    """NB: who holds the port of UDP has that of TCP; the kernel takes both back when the process ends."""
    first = _FIRST + os.getpid() * 97 % (_AFTER - _FIRST)
    for port in itertools.chain(range(first, _AFTER), range(_FIRST, first)):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as listener:
                listener.bind(("", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        yield port


_mine = _unclaimed()
