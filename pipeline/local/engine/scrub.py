"""Secrets out of everything that is told: streams, errors, events."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

STARS = b"***"
SHORTEST = 3  # bytes; anything shorter would star out ordinary text


def disguises(secret: bytes) -> Iterator[bytes]:
    """How a secret shows up: as it is, by lines, and in base64 at each of the three alignments."""
    for form in {secret, secret.strip(), *secret.splitlines()}:
        if len(form) < SHORTEST:
            continue
        yield form
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + form)
            # NB: the first and last characters also depend on the neighbouring bytes.
            core = encoded[(0, 2, 3)[shift] :].rstrip(b"=")
            core = core[:-1] if (len(form) + shift) % 3 else core
            if len(core) >= 2 * SHORTEST:
                yield core
                yield core.translate(bytes.maketrans(b"+/", b"-_"))


@dataclass
class Veil:
    """The secrets of a session, as one pattern."""

    forms: set[bytes] = field(default_factory=set, repr=False)
    pattern: re.Pattern[bytes] | None = field(default=None, repr=False)

    def cover(self, secret: bytes) -> None:
        """From now on this secret is replaced."""
        new = set(disguises(secret)) - self.forms
        if new:
            self.forms |= new
            longest_first = sorted(self.forms, key=len, reverse=True)
            self.pattern = re.compile(b"|".join(map(re.escape, longest_first)))

    def bytes(self, data: bytes) -> bytes:
        """``data`` with ``***`` for every secret."""
        return self.pattern.sub(STARS, data) if self.pattern else data

    def text(self, text: str) -> str:
        """``text`` with ``***`` for every secret."""
        if self.pattern is None:
            return text
        return self.bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
