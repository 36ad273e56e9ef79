"""The graph of one session: frozen values, one per operation, known by digest."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.local.engine.failures import QueryError


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What an operation gives, not yet evaluated.

    ``arguments`` hold JSON values and other values; ``nth`` picks one of an operation that gives a list.
    """

    type: str
    operation: str
    arguments: Mapping[str, Any]
    parent: "Value | None"
    digest: str
    nth: int = -1

    @property
    def id(self) -> str:
        """What the client keeps: opaque to it, good for one session."""
        return f"{self.type}@{self.digest}"


@dataclass(frozen=True)
class Graph:
    """The values whose ids were given out.

    Digests are keyed with a secret of the session: arguments may hold a secret's plaintext, and an id must
    not
    let anybody guess it.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    known: dict[str, Value] = field(default_factory=dict)

    def value(
        self, kind: str, operation: str, arguments: Mapping[str, Any], parent: Value | None, nth: int = -1
    ) -> Value:
        """The value of an operation; equal operations have equal digests."""
        subject = [operation, parent.digest if parent else "", nth, arguments]
        text = json.dumps(subject, default=_digest_of, sort_keys=True).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, key=self.key, digest_size=32).hexdigest()
        return Value(kind, operation, arguments, parent, digest, nth)

    def identify(self, value: Value) -> str:
        """The value's id, from now on known to `load`."""
        return self.known.setdefault(value.id, value).id

    def load(self, identity: str, kind: str = "") -> Value:
        """The value behind an id, of this type if one is given."""
        value = self.known.get(identity)
        if value is None:
            raise QueryError(
                f"id {identity[:40]!r} is not known: ids are good for the session that gave them"
            )
        if kind and value.type != kind:
            raise QueryError(f"a {kind} is needed, the id is one of a {value.type}")
        return value


def _digest_of(argument: Any) -> str:
    if isinstance(argument, Value):
        return f"value {argument.digest}"
    raise TypeError(f"{type(argument).__name__} is not an argument")
