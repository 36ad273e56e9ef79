"""A push that outlives its token: renewed ahead of time where it says when, and at a refusal where not."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from clients_of_scripts import SECRET, Clients, Clock
from guarded_registry import BASIC, token
from scripted import ABSENT, Asked, Reply, errors, serving

from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import OCI_MANIFEST, Manifest

MANIFEST = Manifest(media_type=OCI_MANIFEST, body=b"{}")
PUSH = "repository:org/x:pull,push"


@dataclass
class TokenService:
    """Tokens that live for ``life`` seconds, whatever they say; at most so many of them to push with."""

    clock: Clock
    life: float
    says: float
    most: int = 1_000
    issued: int = 0
    born: dict[str, float] = field(default_factory=dict)
    numbers: itertools.count = field(default_factory=itertools.count)
    received: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def behaviour(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            return self._issue(asked)
        value = asked.authorization.removeprefix("Bearer ")
        if self.clock.now - self.born.get(value, -1e9) > self.life:
            self.refused += [asked.method] if value and asked.method != "HEAD" else []
            realm = f'Bearer realm="http://{asked.headers["host"]}/token",service="r"'
            return errors(401, "UNAUTHORIZED", WWW_Authenticate=realm)
        return self._store(asked)

    def _issue(self, asked: Asked) -> Reply:
        push = asked.query["scope"] == [PUSH]
        if (push and self.issued >= self.most) or asked.authorization != BASIC:
            return errors(403, "DENIED", "no token for you")
        value = f"token-{next(self.numbers)}"
        self.born[value] = self.clock.now
        self.issued += push
        return token(value, expires_in=self.says)

    def _store(self, asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return ABSENT
        if asked.method == "POST":
            # NB: this stands for a large blob: the token that opened the upload is old at its end.
            self.clock.now += self.life * 0.7
            return Reply(status=202, headers={"Location": f"{asked.path}u?state=1"})
        self.received.append(asked.body)
        return Reply(status=201)


async def _push(registry: Registry, folder: Path) -> list[bytes]:
    """Four layers from files, then their manifest: three times as long as a token lives."""
    contents = [f"layer {number} ".encode() * 50_000 for number in range(4)]
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
        await registry.put_blob("org/x", folder / str(number), media_type="text/plain")
    await registry.put_manifest("org/x", "1", MANIFEST)
    return [*contents, MANIFEST.body]


async def test_a_token_is_renewed_before_it_runs_out(clients: Clients, clock: Clock, tmp_path: Path) -> None:
    service = TokenService(clock, life=30, says=30)
    async with serving(service.behaviour) as server, clients.known(server) as registry:
        assert await _push(registry, tmp_path) == service.received
    assert service.issued >= 3
    assert service.refused == clients.lines == []


async def test_a_token_that_ends_early_is_replaced_and_the_bytes_are_sent_again(
    clients: Clients, clock: Clock, tmp_path: Path
) -> None:
    service = TokenService(clock, life=30, says=300)
    async with serving(service.behaviour) as server, clients.known(server) as registry:
        assert await _push(registry, tmp_path) == service.received
    assert service.refused
    assert service.issued == 1 + len(service.refused)


async def test_a_service_that_stops_issuing_ends_the_push(
    clients: Clients, clock: Clock, tmp_path: Path
) -> None:
    service = TokenService(clock, life=30, says=30, most=2)
    async with serving(service.behaviour) as server, clients.known(server) as registry:
        with anyio.fail_after(120), pytest.raises(DeniedError, match="no token for you") as raised:
            await _push(registry, tmp_path)
    assert SECRET not in str(raised.value)
    assert MANIFEST.body not in service.received
