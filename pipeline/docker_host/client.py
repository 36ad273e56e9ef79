"""HTTP with Docker Engine: connect, agree on a version, ask, hijack. For set-up and for the local engine."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from typing import Any, Self

import aiodocker
import aiohttp

from pipeline.docker_host import ssh
from pipeline.docker_host.address import Address, reached
from pipeline.docker_host.chosen import PLAIN, SYSTEM_SOCKET, next_step
from pipeline.errors import EngineError

OLDEST = (1, 40)  # Docker Engine 19.03: the first whose /build?version=2 is not experimental
# the newest whose reference was read: https://docs.docker.com/reference/api/engine/version-history/
NEWEST = (1, 55)  # Docker Engine 29.7
FIRST = aiohttp.ClientTimeout(total=20)
SHORT = aiohttp.ClientTimeout(total=60)  # for what answers from memory; a hanging daemon shall not hang us
LONG = aiohttp.ClientTimeout(total=None)  # for what takes its time: the heartbeat sees to it that it ends
BEAT = 10  # seconds between two heartbeats


class DockerError(EngineError):
    """Docker Engine, its builder or a registry refused; in one line."""

    def __init__(self, what: str, *, where: str = "") -> None:
        super().__init__(re.sub(r"\s+", " ", what).strip(), where=where)


class ApiError(DockerError):
    """An HTTP status of 400 or more, or an error in a stream of messages; with the Engine's own words."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Connection:
    """A connection that HTTP has handed over (101, or attach's 200): bytes in both directions."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        held = response.connection
        if held is None or held.protocol is None or held.transport is None:
            raise DockerError("Docker Engine closed the connection instead of handing it over")
        self.transport = held.transport
        self.ended = asyncio.Event()
        self._protocol = held.protocol

    def deliver(self, take: Callable[[bytes], object]) -> None:
        """Hand what has come, and what comes until it has ended, to ``take``."""
        self._take = take
        # NB: the way aiodocker's own Stream takes a connection over; works for unix, TCP, TLS and SSH alike
        self._protocol.set_parser(self, aiohttp.streams.EMPTY_PAYLOAD)
        self._protocol.force_close()
        if self.transport.is_closing():
            self.ended.set()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._take(data)
        return False, b""

    def feed_eof(self) -> None:
        self.ended.set()

    def set_exception(self, exc: BaseException, _cause: BaseException | None = None) -> None:
        self.ended.set()

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def end(self) -> None:
        """Close both directions once all is sent. NB: TLS cannot close one."""
        self.transport.close()


class Client:
    """One connection pool to one Engine; `version`, `engine` and `info` are known after `connect`."""

    def __init__(self, host: str | None) -> None:
        self._host = host or SYSTEM_SOCKET
        self.version: tuple[int, ...] = ()
        self.engine: Mapping[str, Any] = {}
        self.info: Mapping[str, Any] = {}
        self._prefix = ""
        self._closing = ExitStack()
        self._address = Address()

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> Self:
        """Open the pool and agree on the API version. Raises EngineError with the next step."""
        address = self._address = await asyncio.to_thread(self._closing.enter_context, reached(self._host))
        # NB: a pool without a limit, since waits and builds hold connections.
        if address.socket:
            connector: aiohttp.BaseConnector = aiohttp.UnixConnector(address.socket, limit=0)
        else:
            connector = aiohttp.TCPConnector(limit=0, ssl=address.tls or True)
        self._docker = aiodocker.Docker(url=address.url, connector=connector, api_version="v1.40")
        try:
            self.engine = await self.json("GET", "version", patience=FIRST)
            self.info = await self.json("GET", "info")
            self._prefix = f"v{_negotiate(self.engine)}/"
        except BaseException:
            await self.close()
            raise
        self.version = tuple(int(part) for part in re.findall(r"\d+", self.engine.get("Version", ""))[:3])
        return self

    @property
    def is_local(self) -> bool:
        """Whether the Engine probably sees this machine's files."""
        return self._host.startswith("unix://") and "linux" in str(self.engine.get("Os", ""))

    @property
    def is_beside(self) -> bool:
        """Whether this machine may see the Engine's networks, if their bridge is here."""
        apart = (
            "rootless" in str(self.info.get("SecurityOptions")) or self.info.get("Name") == "docker-desktop"
        )
        return self.is_local and not apart

    async def close(self) -> None:
        await self._docker.close()
        await self._docker.connector.close()
        await asyncio.to_thread(self._closing.close)

    @asynccontextmanager
    async def open(
        self, method: str, path: str, *, patience: aiohttp.ClientTimeout = LONG, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response whose body the caller reads; ``options`` are aiohttp's (params, data, json, headers).

        Raises ApiError for a status of 400 or more.
        """
        url = f"{self._address.url}/{self._prefix}{path}"
        try:
            async with (
                self._watched(patience),
                self._docker.session.request(method, url, timeout=patience, **options) as response,
            ):
                if response.status >= 400:
                    message = _message(await response.read())
                    if PLAIN in message:
                        raise _unreachable(self._host, DockerError(message))
                    raise ApiError(message, status=response.status)
                yield response
        except TimeoutError as error:
            raise DockerError(f"Docker Engine did not answer {method} /{path} in time") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            words = ssh.last_words(self._address.socket) or await _alert(self._address)
            raise _unreachable(self._host, error, words) from error

    @asynccontextmanager
    async def _watched(self, patience: aiohttp.ClientTimeout) -> AsyncIterator[None]:
        """End what takes long with TimeoutError once the Engine does not even answer a ping."""
        async with asyncio.timeout(None) as scope:
            heart = asyncio.create_task(self._beat(scope)) if patience is LONG else None
            try:
                yield
            finally:
                if heart:
                    heart.cancel()

    async def _beat(self, scope: asyncio.Timeout) -> None:
        try:
            while True:
                await asyncio.sleep(BEAT)
                await self.bytes("GET", "_ping")
        except DockerError:
            scope.reschedule(asyncio.get_running_loop().time())

    async def bytes(self, method: str, path: str, **options: Any) -> bytes:
        """The whole body of a short answer."""
        async with self.open(method, path, **{"patience": SHORT, **options}) as response:
            return await response.read()

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """The whole body of a short answer, read as JSON (None if empty)."""
        body = await self.bytes(method, path, **options)
        return json.loads(body) if body.strip() else None

    async def delete(self, path: str, **params: str) -> bool:
        """Remove what is at a path; False if that is not allowed yet, or under way. Absent is fine."""
        try:
            await self.bytes("DELETE", path, params=params)
        except ApiError as error:
            if error.status not in {404, 409}:
                raise
            return error.status == 404
        return True

    async def messages(self, path: str, **options: Any) -> AsyncIterator[dict[str, Any]]:
        """The messages that answer a POST, each as it comes. Raises ApiError for one that is an error."""
        async with self.open("POST", path, **options) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, map(bytes.strip, lines)):
                    message = json.loads(line)
                    if "error" in message:
                        raise ApiError(message["error"])
                    yield message

    @asynccontextmanager
    async def hijack(
        self, path: str, *, upgrade: str, headers: Any = (), **options: Any
    ) -> AsyncIterator[Connection]:
        """Take over the connection of a POST; it is closed at the end."""
        upgrading = [("Connection", "Upgrade"), ("Upgrade", upgrade), *headers]
        async with self.open("POST", path, headers=upgrading, **options) as response:
            try:
                yield Connection(response)
            finally:
                response.close()


def _negotiate(engine: Mapping[str, Any]) -> str:
    newest = _number(engine["ApiVersion"])
    oldest = _number(engine.get("MinAPIVersion", "1.12"))
    if newest < OLDEST or oldest > NEWEST:
        step = "install Docker Engine 20.10 or later" if newest < OLDEST else "install a later pipeline"
        raise DockerError(
            f"Docker Engine {engine.get('Version')} speaks API {_dotted(oldest)} to {_dotted(newest)}, "
            f"this needs {_dotted(OLDEST)} to {_dotted(NEWEST)}: {step}"
        )
    return _dotted(min(newest, NEWEST))


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:1000] or "no message"


async def _alert(address: Address) -> str:
    """Why an Engine refuses TLS, "" if it does not.

    NB: from TLS 1.3 on it says so after the handshake; aiohttp, when it is about to ask then, only tells that
    the connection is closed.
    """
    if not address.tls:
        return ""
    try:
        async with asyncio.timeout(FIRST.total):
            reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=address.tls)
            writer.write(b"GET /_ping HTTP/1.0\r\n\r\n")
            await reader.read()
            writer.close()
    except ssl.SSLError as error:
        return str(error)
    except (OSError, TimeoutError):
        return ""
    return ""


def _unreachable(host: str, error: BaseException, words: str = "") -> DockerError:
    told = words or re.sub(r"Cannot connect to (host \S+|unix socket \S+) ssl:\S+ ", "", str(error))
    tls = re.search(r"\[SSL: \w+\] (.*?) \(_ssl", told)
    reason = (f"TLS: {tls[1]}" if tls else told) or type(error).__name__
    return DockerError(f"Docker Engine cannot be reached ({reason}); {next_step(told)}", where=host)
