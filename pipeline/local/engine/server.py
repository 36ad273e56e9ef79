"""The HTTP side: who may ask, how much, and that every answer is one the client can use."""

import base64
import hmac
import json
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import graphql as gql
from aiohttp import web
from graphql.language import parser

from pipeline.errors import PipelineError
from pipeline.local.docker.model import Listener, ignore
from pipeline.local.engine.engine import Engine, PutIndex
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.introspection import introspected
from pipeline.local.engine.schema import build_schema
from pipeline.local.folders import TEMPORARY, Folder, sweep, temporary

LARGEST = 64 << 20  # bytes of one query: new files travel in it
DEEPEST = 500  # levels of a query: one for each link of a chain of calls
FRAMES = 20  # of Python, for each level of nesting (14 were counted)
# NB: all 32 rules take 2.8 ms, these 0.5. Without them an unknown field is left out silently, and a fragment
# in a circle never ends; values and variables are checked again while executing.
RULES = (
    gql.ExecutableDefinitionsRule,
    gql.FieldsOnCorrectTypeRule,
    gql.KnownArgumentNamesRule,
    gql.KnownFragmentNamesRule,
    gql.KnownTypeNamesRule,
    gql.NoFragmentCyclesRule,
    gql.ProvidedRequiredArgumentsRule,
    gql.ScalarLeafsRule,
)


class UnusableError(Exception):
    """A request that is no query; the message goes back as an error."""


def errors(*found: dict[str, Any]) -> web.Response:
    """NB: always 200. The client sends a query again, up to five times, on 5xx or a dropped connection."""
    return web.json_response({"data": None, "errors": list(found)})


@dataclass
class Server:
    """Answers queries of one session."""

    engine: Engine
    token: str = field(repr=False)
    port: int = 0
    introspection: bytes = b""
    schema: gql.GraphQLSchema = field(default_factory=gql.GraphQLSchema)

    def application(self) -> web.Application:
        """The routes, behind the checks that every request has to pass."""
        application = web.Application(middlewares=[self._guard], client_max_size=LARGEST)
        application.router.add_post("/query", self.query)
        return application

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if "Origin" in request.headers or request.headers.get("Host", "") not in self._names():
            return web.Response(status=403)
        if not self._knows(request.headers.get("Authorization", "")):
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        try:
            return await handler(request)
        except UnusableError as unusable:
            return errors({"message": str(unusable)})
        except web.HTTPException as refusal:
            return web.Response(status=refusal.status)
        except Exception as surprise:  # noqa: BLE001  a 5xx would make the client ask five times more
            return errors({"message": self.engine.veil.text(f"{type(surprise).__name__}: {surprise}")})

    def _names(self) -> set[str]:
        return {f"{host}:{self.port}" for host in ("127.0.0.1", "localhost")}

    def _knows(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            user = base64.b64decode(encoded, validate=True).partition(b":")[0]
        except ValueError:
            return False
        return hmac.compare_digest(user, self.token.encode()) and scheme.lower() == "basic"

    async def query(self, request: web.Request) -> web.Response:
        """Answer one query."""
        if request.content_type != "application/json":
            raise UnusableError("a query is sent as application/json")
        document, variables, operation = _read(await _body(request))
        if _asks_for_schema(document):
            return web.Response(body=self.introspection, content_type="application/json")
        problems = gql.validate(self.schema, document, RULES)
        if problems:
            return errors(*(self._told(problem) for problem in problems))
        result = gql.execute(self.schema, document, variable_values=variables, operation_name=operation)
        done = result if isinstance(result, gql.ExecutionResult) else await result
        if done.errors:
            return errors(*(self._told(error) for error in done.errors))
        return web.json_response({"data": done.data})

    def prepare(self) -> None:
        """Read the schema and write down what clients ask for when they connect."""
        sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST * FRAMES))
        parser.MAX_NESTING_DEPTH = (
            DEEPEST  # 200 in graphql-core, and a module may well chain more calls than that
        )
        self.schema = build_schema(self.engine)
        self.introspection = json.dumps({"data": introspected(self.schema)}).encode()

    def _told(self, error: gql.GraphQLError) -> dict[str, Any]:
        told: dict[str, Any] = {"message": self.engine.veil.text(_message(error))}
        if error.path:
            told["path"] = error.path
        if error.extensions:
            told["extensions"] = error.extensions
        return told


def _message(error: gql.GraphQLError) -> str:
    """One line, as clients show it."""
    cause = error.original_error
    if isinstance(cause, PipelineError):
        head = f"{cause.where}: {cause.what}" if cause.where else cause.what
        return f"{head} ({cause.next_step})" if cause.next_step else head
    if cause is None or isinstance(cause, QueryError):
        return error.message
    return f"{type(cause).__name__}: {cause}"


async def _body(request: web.Request) -> bytes:
    """NB: read to its end even when it is too large, or the client sees a reset and sends it again."""
    parts, size = [], 0
    async for chunk in request.content.iter_chunked(1 << 16):
        size += len(chunk)
        if size <= LARGEST:
            parts.append(chunk)
    if size > LARGEST:
        raise UnusableError(f"the query has {size} bytes, more than {LARGEST}: use files of the host instead")
    return b"".join(parts)


def _read(body: bytes) -> tuple[gql.DocumentNode, dict[str, Any] | None, str | None]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise UnusableError("the body is not JSON") from None
    if not isinstance(asked, dict) or not isinstance(query := asked.get("query"), str):
        raise UnusableError('the body is not {"query": "…"}')
    try:
        return gql.parse(query, no_location=True), asked.get("variables"), asked.get("operationName")
    except gql.GraphQLError as mistake:
        raise UnusableError(mistake.message) from None


def _asks_for_schema(document: gql.DocumentNode) -> bool:
    first = document.definitions[0]
    selected = first.selection_set.selections if isinstance(first, gql.OperationDefinitionNode) else ()
    return any(isinstance(item, gql.FieldNode) and item.name.value == "__schema" for item in selected)


@dataclass(frozen=True, kw_only=True)
class Session:
    """How a client finds the engine: DAGGER_SESSION_PORT and DAGGER_SESSION_TOKEN.

    Whoever has the token can do what root can: it belongs in the environment of the client and nowhere else.
    """

    port: int
    token: str = field(repr=False)


@asynccontextmanager
async def serving(
    *,
    docker_host: str | None = None,
    on_event: Listener = ignore,
    seen: Path | None = None,
    put_index: PutIndex | None = None,
) -> AsyncIterator[Session]:
    """Answer the Dagger API on a free port of 127.0.0.1 until left.

    Docker is connected only once a query needs it; ``docker_host`` as in DOCKER_HOST, None for Docker's own
    default. What is known of the host's files is kept in the folder ``seen``, if one is given. ``put_index``
    pushes an index, which Docker's API cannot; without it none is published.
    """
    async with AsyncExitStack() as closing:
        folder = session_folder()
        closing.callback(folder.remove)
        engine = Engine(
            docker_host=docker_host,
            on_event=on_event,
            folder=folder.path,
            closing=closing,
            memory=seen,
            put_index=put_index,
        )
        server = Server(engine, token=secrets.token_hex(32))
        server.prepare()
        async with _listening(server):
            yield Session(port=server.port, token=server.token)


def session_folder() -> Folder:
    """A new folder on disk for a session; those that dead processes left are removed."""
    place = Path(tempfile.gettempdir())
    sweep(temporary(place))
    return Folder(place / f"{TEMPORARY[0]}{secrets.token_hex(8)}")


@asynccontextmanager
async def _listening(server: Server) -> AsyncIterator[None]:
    # NB: a client's cancel arrives only as a disconnect, hence handler_cancellation.
    runner = web.AppRunner(
        server.application(), access_log=None, handler_cancellation=True, shutdown_timeout=1
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.port = runner.addresses[0][1]
        yield
    finally:
        await server.engine.flights.close()  # before Docker goes: commands are stopped, not torn off
        await runner.cleanup()
