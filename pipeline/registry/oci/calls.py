"""A call to a registry as a value: what is sent, which answers are welcome, how it is told."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import httpx

Body = bytes | Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as the protocol has it. ``accepted`` are the statuses that are handed back."""

    method: str
    url: str
    repository: str
    action: str
    where: str
    push: bool = False
    delete: bool = False
    also_from: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = b""
    accepted: tuple[int, ...] = (200,)
    written: bool = False
    seconds: float = 60.0

    @property
    def scope(self) -> str:
        """Token scope: GHCR refuses ``pull,push`` to readers, so it is asked for only where needed."""
        more = ",delete" if self.delete else ",push" if self.push else ""
        own = f"repository:{self.repository}:pull{more}"
        return f"{own} repository:{self.also_from}:pull" if self.also_from else own


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response that was read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Place:
    """A repository: its path on the registry, and its name for people."""

    path: str
    name: str


class Excuses:
    """The one denial that all attempts at a call may put down to a token that was only just issued."""

    def __init__(self) -> None:
        self._left = 1

    def take(self) -> bool:
        """Use an excuse up; False when there is none left."""
        self._left -= 1
        return self._left >= 0
