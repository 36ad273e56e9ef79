"""HTTP with Docker Engine: connect (by aiodocker), agree on a version, ask, hijack."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import aiodocker
import aiohttp

from pipeline.local.docker.connection import Connection
from pipeline.local.docker.model import DockerError

OLDEST = (1, 40)  # Docker Engine 19.03: the first whose /build?version=2 is not experimental
NEWEST = (
    1,
    51,
)  # the newest whose reference was read: https://docs.docker.com/reference/api/engine/version-history/
FIRST = aiohttp.ClientTimeout(total=20)
SHORT = aiohttp.ClientTimeout(total=60)  # for what answers from memory; a hanging daemon shall not hang us
LONG = aiohttp.ClientTimeout(total=None)  # for what takes its time: the heartbeat sees to it that it ends
BEAT = 10  # seconds between two heartbeats


class ApiError(DockerError):
    """An HTTP status of 400 or more, with the Engine's own message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """One connection pool to one Engine; `version` and `engine` are known after `connect`."""

    def __init__(self, host: str | None) -> None:
        self._host = host
        self.version: tuple[int, ...] = ()
        self.engine: Mapping[str, Any] = {}
        self.info: Mapping[str, Any] = {}
        self._long: set[asyncio.Timeout] = set()
        self._heart: asyncio.Task[None] | None = None

    async def connect(self) -> Self:
        """Open the pool and agree on the API version. Raises DockerError with the next step."""
        try:
            self._docker = aiodocker.Docker(
                url=self._host, connector=_connector(self._host), api_version="v1.40"
            )
        except (ValueError, AssertionError, OSError, aiodocker.DockerError) as error:
            raise _unreachable(self._host, error) from error
        self._session = self._docker.session
        self._address = re.sub("^unix://.*", "http://docker", self._docker.docker_host).replace(
            "tcp://", "http://"
        )
        self._prefix = ""
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
        """Whether the Engine probably sees this machine's files and this machine its networks."""
        host = self._host or "unix://"
        return host.startswith("unix://") and "linux" in str(self.engine.get("Os", ""))

    async def close(self) -> None:
        if self._heart:
            self._heart.cancel()
        await self._docker.close()
        await self._docker.connector.close()

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        patience: aiohttp.ClientTimeout = LONG,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response whose body the caller reads. Raises ApiError for a status of 400 or more."""
        url = f"{self._address}/{self._prefix}{path}"
        try:
            async with (
                self._watched(patience),
                self._session.request(
                    method, url, params=params, data=body, headers=headers, timeout=patience
                ) as response,
            ):
                if response.status >= 400:
                    raise ApiError(response.status, _message(await response.read()))
                yield response
        except TimeoutError as error:
            raise DockerError(f"Docker Engine did not answer {method} /{path} in time") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise _unreachable(self._host, error) from error

    @asynccontextmanager
    async def _watched(self, patience: aiohttp.ClientTimeout) -> AsyncIterator[None]:
        """End what takes long with TimeoutError once the Engine does not even answer a ping."""
        async with asyncio.timeout(None) as scope:
            if patience is LONG:
                self._long.add(scope)
                self._heart = self._heart or asyncio.create_task(self._beat())
            try:
                yield
            finally:
                self._long.discard(scope)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            if not self._long:
                continue
            try:
                await self.bytes("GET", "_ping")
            except DockerError:
                for scope in self._long:
                    scope.reschedule(asyncio.get_running_loop().time())

    async def bytes(self, method: str, path: str, *, json_body: Any = None, **options: Any) -> bytes:
        """The whole body of a short answer."""
        if json_body is not None:
            options["body"] = json.dumps(json_body).encode()
            options["headers"] = {**options.get("headers", {}), "Content-Type": "application/json"}
        async with self.open(method, path, **{"patience": SHORT, **options}) as response:
            return await response.read()

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """The whole body of a short answer, read as JSON (None if empty)."""
        body = await self.bytes(method, path, **options)
        return json.loads(body) if body.strip() else None

    async def messages(self, method: str, path: str, **options: Any) -> AsyncIterator[dict[str, Any]]:
        """A stream of JSON messages, one a line, each as it comes."""
        async with self.open(method, path, **options) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, map(bytes.strip, lines)):
                    yield json.loads(line)
            if rest.strip():
                yield json.loads(rest)

    @asynccontextmanager
    async def hijack(
        self, path: str, *, upgrade: str, params: Mapping[str, str] | None = None, headers: Any = ()
    ) -> AsyncIterator[Connection]:
        """Take over the connection of a POST; it is closed at the end."""
        upgrading = [("Connection", "Upgrade"), ("Upgrade", upgrade), *headers]
        async with self.open("POST", path, params=params, headers=upgrading) as response:  # type: ignore[arg-type]
            connection = Connection(response)
            try:
                yield connection
            finally:
                connection.close()


def _connector(host: str | None) -> aiohttp.BaseConnector | None:
    """A pool without a limit: waits and builds hold connections. None leaves TLS and SSH to aiodocker."""
    if host and host.startswith("unix://"):
        return aiohttp.UnixConnector(host.removeprefix("unix://"), limit=0)
    return None


def _negotiate(engine: Mapping[str, Any]) -> str:
    newest = _number(engine["ApiVersion"])
    oldest = _number(engine.get("MinAPIVersion", "1.12"))
    if newest < OLDEST or oldest > NEWEST:
        raise DockerError(
            f"Docker Engine {engine.get('Version')} speaks API {engine['ApiVersion']}, "
            f"this needs {_dotted(OLDEST)} to {_dotted(NEWEST)}: install Docker Engine 20.10 or later"
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


def _unreachable(host: str | None, error: BaseException) -> DockerError:
    reason = re.sub(r"Cannot connect to host docker:80 ssl:\S+ ", "", str(error)) or type(error).__name__
    return DockerError(
        f"Docker Engine cannot be reached ({reason}); start it, or name another one in DOCKER_HOST",
        where=host or "DOCKER_HOST",
    )
