"""Clients for scripted servers: little patience, every report kept."""

from dataclasses import dataclass

from scripted import Server

from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.retry import Patience

SECRET = "ghp_neverShownToAnybody0123456789"


@dataclass
class Clock:
    """Time that passes only where a test lets it."""

    now: float = 1_000.0

    def monotonic(self) -> float:
        return self.now


class Clients:
    """Makes clients for scripted servers; ``lines`` are their reports."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def anonymous(self, server: Server, *, attempts: int = 4, deadline: float = 20.0) -> Registry:
        return self.of(server.host, attempts=attempts, deadline=deadline)

    def known(self, server: Server, *, attempts: int = 4) -> Registry:
        return self.of(server.host, username="alice", token=SECRET, attempts=attempts)

    def of(
        self, host: str, *, username: str = "", token: str = "", attempts: int = 4, deadline: float = 20.0
    ) -> Registry:
        patience = Patience(attempts=attempts, deadline=deadline, first=0.01, longest=0.02)
        return Registry(host, username, token, patience=patience, report=self.lines.append)
