"""A proxy before a real registry that does to requests what networks and registries do to them."""

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

_MANIFEST = re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<reference>[^/?]+)")
_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"}
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived; ``body`` is only as long as it was read."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def manifest(self) -> tuple[str, str] | None:
        """Repository and reference, if it is about a manifest."""
        found = _MANIFEST.fullmatch(self.target)
        return (found["repository"], found["reference"]) if found else None

    @property
    def repository(self) -> str:
        return re.sub(r"^/v2/|/(manifests|blobs|tags|referrers)/.*$", "", self.target)

    @property
    def uploads(self) -> bool:
        """Whether it begins to send a blob."""
        return self.method == "POST" and "/blobs/uploads/" in self.target

    @property
    def sends_blob(self) -> bool:
        """Whether its body is a blob, or a part of one."""
        return self.method in ("PUT", "PATCH") and "/blobs/uploads/" in self.target


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def errors(status: int, code: str, **headers: str) -> Reply:
    """An answer with an error body of the distribution spec."""
    body = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
    return Reply(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of a request.

    Parameters
    ----------
    delay:
        Seconds before anything happens.
    until:
        What must have been set before anything happens; waited for two minutes at most. Who has gone away
        meanwhile is not served any more.
    instead:
        The answer; the registry is not asked.
    lie:
        The answer; the registry is asked all the same.
    body_until:
        The connection is reset after so many bytes of the request's body.
    cut:
        The connection is reset after so many bytes of the answer's body.
    reset:
        The connection is reset when the registry has answered.
    then:
        Called with its status when the registry has answered, before the answer goes on.
    """

    delay: float = 0.0
    until: asyncio.Event | None = None
    instead: Reply | None = None
    lie: Reply | None = None
    body_until: int | None = None
    cut: int | None = None
    reset: bool = False
    then: Callable[[int], object] | None = None


FAIR = Fate()
Behaviour = Callable[[Asked], Fate]


@dataclass
class Once:
    """A fate for the first request of each kind that is picked; fair afterwards."""

    fate: Fate
    picks: Callable[[Asked], bool] = lambda _asked: True
    met: Counter[str] = field(default_factory=Counter[str])

    def __call__(self, asked: Asked) -> Fate:
        if not self.picks(asked):
            return FAIR
        kind = f"{asked.method} {re.sub('/uploads/.*', '/uploads/', asked.target)}"
        self.met[kind] += 1
        return self.fate if self.met[kind] == 1 else FAIR


@dataclass
class Proxy:
    """Listens at ``host``; ``behaviour`` may change at any time. ``lag``: seconds that reads are behind."""

    backend: str
    behaviour: Behaviour = lambda _asked: FAIR
    lag: float = 0.0
    private: bool = False
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    host: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    changes: dict[str, list[tuple[float, Reply]]] = field(
        default_factory=dict[str, list[tuple[float, Reply]]]
    )

    def puts(self) -> list[str]:
        """Targets of all manifests that were sent."""
        return [asked.target for asked in self.asked if asked.method == "PUT" and asked.manifest]

    async def answer(self, asked: Asked, client: httpx.AsyncClient) -> Reply:
        """The registry's answer, as late as the lag has it."""
        if self.private and asked.method in ("GET", "HEAD"):
            there = await client.get(f"http://{self.backend}/v2/{asked.repository}/tags/list")
            if there.status_code == 404:
                return errors(403, "DENIED")
        if self.lag and asked.manifest and not asked.manifest[1].startswith("sha256:"):
            if asked.method == "PUT":
                before = await self.forward(Asked(method="GET", target=asked.target, headers=_ANY), client)
                answer = await self.forward(asked, client)
                self.changes.setdefault(asked.target, []).append((time.monotonic(), before))
                return answer
            if (stale := self.stale(asked)) is not None:
                return stale
        return await self.forward(asked, client)

    def stale(self, asked: Asked) -> Reply | None:
        """What was there a while ago, if that was something else."""
        then = time.monotonic() - self.dice.uniform(0, self.lag)
        later = [reply for when, reply in self.changes.get(asked.target, ()) if when > then]
        return later[0] if later else None

    async def forward(self, asked: Asked, client: httpx.AsyncClient) -> Reply:
        headers = {name: value for name, value in asked.headers.items() if name not in _HOP}
        answer = await client.request(
            asked.method, f"http://{self.backend}{asked.target}", headers=headers, content=asked.body
        )
        kept = {name: value for name, value in answer.headers.items() if name not in _HOP}
        if "location" in kept:
            kept["location"] = kept["location"].replace(self.backend, self.host)
        if asked.method == "HEAD" and "content-length" in answer.headers:
            kept["content-length"] = answer.headers["content-length"]
        return Reply(status=answer.status_code, headers=kept, body=answer.content)


_ANY = {
    "accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
}


@asynccontextmanager
async def before(backend: str, behaviour: Behaviour = lambda _asked: FAIR) -> AsyncIterator[Proxy]:
    """A proxy on a free loopback port, until the block ends."""
    proxy = Proxy(backend=backend, behaviour=behaviour)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await _exchange(proxy, client, reader, writer):
                pass
        writer.close()

    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        listening = await asyncio.start_server(connected, "127.0.0.1", 0)
        proxy.host = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        try:
            yield proxy
        finally:
            listening.close()
            for task in tasks:
                task.cancel()


async def _exchange(
    proxy: Proxy, client: httpx.AsyncClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """One request and its answer; False when the connection is spent."""
    head = await _head(reader)
    if head is None:
        return False
    proxy.asked.append(head)
    fate = proxy.behaviour(head)
    body = await _body(reader, head, fate.body_until)
    if fate.body_until is not None:
        writer.transport.abort()
        return False
    if fate.until is not None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(fate.until.wait(), 120)
        if reader.at_eof():
            return False
    await asyncio.sleep(fate.delay)
    asked = Asked(method=head.method, target=head.target, headers=head.headers, body=body)
    reply = fate.instead or await proxy.answer(asked, client)
    if fate.then is not None:
        fate.then(reply.status)
    if fate.reset:
        writer.transport.abort()
        return False
    return await _send(fate.lie or reply, head.method, fate.cut, writer)


async def _head(reader: asyncio.StreamReader) -> Asked | None:
    """None where there is none, or none of HTTP: Docker Engine tries TLS first, and is to try no longer."""
    letter = await reader.read(1)
    if not letter.isalpha():
        return None
    first = (letter + await reader.readline()).decode("latin-1").split()
    headers: dict[str, str] = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Asked(method=first[0], target=first[1], headers=headers)


async def _body(reader: asyncio.StreamReader, head: Asked, most: int | None) -> bytes:
    """At most so much of what is sent, with a length or in chunks (RFC 9112, section 7.1)."""
    if head.headers.get("transfer-encoding", "") != "chunked":
        length = int(head.headers.get("content-length", "0"))
        return await reader.readexactly(length if most is None else min(length, most))
    body = b""
    while most is None or len(body) < most:
        size = int((await reader.readline()).partition(b";")[0], 16)
        body += await reader.readexactly(size)
        await reader.readline()
        if not size:
            break
    return body[:most]


async def _send(reply: Reply, method: str, cut: int | None, writer: asyncio.StreamWriter) -> bool:
    headers = {"content-length": str(len(reply.body)), **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} Proxied", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if method != "HEAD":
        writer.write(reply.body[:cut])
    await writer.drain()
    if cut is None or method == "HEAD" or cut >= len(reply.body):
        return True
    writer.transport.abort()
    return False
