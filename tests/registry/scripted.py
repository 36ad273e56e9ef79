"""A real HTTP server on a real socket that answers what a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, or a fault: ``reset`` without a word, or ``cut`` after so many bytes of the body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    reset: bool = False
    cut: int | None = None
    delay: float = 0.0


def errors(status: int, code: str, message: str = "", **headers: str) -> Reply:
    """An answer with an error body of the distribution spec."""
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=body)


RESET = Reply(reset=True)
ABSENT = errors(404, "MANIFEST_UNKNOWN", "manifest unknown")

Behaviour = Callable[[Asked], Reply]


@dataclass
class Server:
    """What answers at ``host`` (127.0.0.1:PORT), what it was asked, and over how many connections."""

    behaviour: Behaviour
    host: str = ""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]


def in_turn(*replies: Reply) -> Behaviour:
    """Each answer once; whoever asks on is told so by a status that no rule retries."""
    left = list(replies)
    return lambda _asked: left.pop(0) if left else Reply(status=418, body=b"the script has ended")


@asynccontextmanager
async def serving(behaviour: Behaviour) -> AsyncIterator[Server]:
    """A server on a free loopback port, until the block ends."""
    server = Server(behaviour)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while (asked := await _read(reader)) is not None:
                server.asked.append(asked)
                if not await _answer(server.behaviour(asked), asked, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.host = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    first = (await reader.readline()).decode("latin-1").split()
    if not first:
        return None
    headers: dict[str, str] = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=first[0], target=first[1], headers=headers, body=body)


async def _answer(reply: Reply, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Send the answer; False when the connection is spent."""
    await asyncio.sleep(reply.delay)
    if reply.reset:
        writer.transport.abort()
        return False
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if asked.method != "HEAD":
        writer.write(reply.body[: reply.cut])
    await writer.drain()
    return reply.cut is None
