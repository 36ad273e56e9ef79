"""The HTTP side: who may ask, how much, and that every answer is one the client can use."""

import hmac
import json
import secrets
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import graphql as gql
from aiohttp import BasicAuth, web
from graphql.language import parser

from pipeline.errors import PipelineError
from pipeline.folders import temporary_folder
from pipeline.local.docker.model import ExecFailed, Listener, Terminal, ignore
from pipeline.local.engine.engine import Engine, PutIndex
from pipeline.local.engine.failures import QueryError, extensions
from pipeline.local.engine.schema import HERE, build_schema, refuse

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


@dataclass(frozen=True, kw_only=True)
class Session:
    """How a client finds the engine: DAGGER_SESSION_PORT and DAGGER_SESSION_TOKEN.

    Whoever has the token can do what root can: it belongs in the environment of the client and nowhere else.
    """

    port: int
    token: str = field(repr=False)


class Server:
    """Answers queries of one session; the token gives every power that the engine has."""

    def __init__(self, engine: Engine, session: Session) -> None:
        self.engine = engine
        self.session = session
        sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST * FRAMES))
        parser.MAX_NESTING_DEPTH = DEEPEST  # 200 in graphql-core; modules may chain more calls
        self._schema = build_schema(engine)
        self._introspection = (HERE / "introspection.json").read_bytes()  # docs/engine_api.py

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """The answer to any request: who does not know the token gets a status and nothing else.

        NB: failures have status 200. The client sends a query again, up to five times, on 5xx.
        """
        names = {f"127.0.0.1:{self.session.port}", f"localhost:{self.session.port}"}
        if "Origin" in request.headers or request.headers.get("Host", "") not in names:
            return web.Response(status=403)
        if not self._knows(request.headers.get("Authorization", "")):
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        if (request.method, request.path) != ("POST", "/query"):
            return web.Response(status=404)
        try:
            return await self._query(_read(await _body(request)))
        except Exception as surprise:  # noqa: BLE001  see above
            return self._failed(surprise)

    def _knows(self, authorization: str) -> bool:
        try:
            user = BasicAuth.decode(authorization).login
        except ValueError:
            return False
        return hmac.compare_digest(user.encode(), self.session.token.encode())

    async def _query(self, asked: dict[str, Any]) -> web.Response:
        document = gql.parse(asked["query"], no_location=True)
        if _asks_for_schema(document):
            return web.Response(body=self._introspection, content_type="application/json")
        if problems := gql.validate(self._schema, document, RULES):
            return self._failed(*problems)
        result = gql.execute(
            self._schema,
            document,
            variable_values=asked.get("variables"),
            operation_name=asked.get("operationName"),
            field_resolver=refuse,
            type_resolver=lambda value, _info, _kind: value.type,
        )
        done = result if isinstance(result, gql.ExecutionResult) else await result
        return self._failed(*done.errors) if done.errors else web.json_response({"data": done.data})

    def _failed(self, *failures: Exception) -> web.Response:
        return web.json_response({"data": None, "errors": [self._told(failure) for failure in failures]})

    def _told(self, failure: Exception) -> dict[str, Any]:
        cause = getattr(failure, "original_error", None) or failure
        told: dict[str, Any] = {"message": self.engine.veil.text(_message(cause))}
        if path := getattr(failure, "path", None):
            told["path"] = path
        if isinstance(cause, ExecFailed):
            told["extensions"] = extensions(cause, self.engine.veil)
        return told


def _message(cause: Exception) -> str:
    """One line, as clients show it."""
    if isinstance(cause, PipelineError):
        head = f"{cause.where}: {cause.what}" if cause.where else cause.what
        return f"{head} ({cause.next_step})" if cause.next_step else head
    if isinstance(cause, gql.GraphQLError):
        return cause.message
    if isinstance(cause, QueryError | ExecFailed):
        return str(cause)
    return f"{type(cause).__name__}: {cause}"


async def _body(request: web.BaseRequest) -> bytes:
    """NB: read to its end even when it is too large, or the client sees a reset and sends it again."""
    if request.content_type != "application/json":
        raise QueryError("a query is sent as application/json")
    body = bytearray()
    async for chunk in request.content.iter_chunked(1 << 16):
        if len(body) <= LARGEST:
            body += chunk
    if len(body) > LARGEST:
        raise QueryError(f"the query has more than {LARGEST} bytes: use files of the host instead")
    return bytes(body)


def _read(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise QueryError("the body is not JSON") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise QueryError('the body is not {"query": "…"}')
    return asked


def _asks_for_schema(document: gql.DocumentNode) -> bool:
    first = document.definitions[0]
    selected = first.selection_set.selections if isinstance(first, gql.OperationDefinitionNode) else ()
    return any(isinstance(item, gql.FieldNode) and item.name.value == "__schema" for item in selected)


@asynccontextmanager
async def serving(
    *,
    docker_host: str | None = None,
    on_event: Listener = ignore,
    seen: Path | None = None,
    put_index: PutIndex | None = None,
    terminal: Terminal | None = None,
    door: socket.socket | None = None,
    token: str = "",
) -> AsyncIterator[Session]:
    """Answer the Dagger API until left: at a ``door`` that listens already, or on a free port of 127.0.0.1.

    Docker is connected only once a query needs it; ``docker_host`` as in DOCKER_HOST, None for the system's
    socket. What is known of the host's files is kept in the folder ``seen``, if one is given. ``put_index``
    pushes an index, which Docker's API cannot; without it none is published. ``terminal`` is where a shell
    is used.
    """
    async with AsyncExitStack() as closing:
        folder = closing.enter_context(temporary_folder("pipeline-engine-"))
        engine = Engine(
            docker_host=docker_host,
            on_event=on_event,
            folder=folder,
            closing=await closing.enter_async_context(AsyncExitStack()),
            memory=seen,
            put_index=put_index,
            terminal=terminal,
        )
        door = door or socket.create_server(("127.0.0.1", 0))
        session = Session(port=door.getsockname()[1], token=token or secrets.token_hex(32))
        server = Server(engine, session)
        # NB: a client's cancel arrives only as a disconnect, hence handler_cancellation.
        listening = web.Server(server.answer, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(listening, shutdown_timeout=1)
        closing.push_async_callback(runner.cleanup)
        # before Docker goes: commands are stopped, not torn off
        closing.push_async_callback(engine.flights.close)
        await runner.setup()
        await web.SockSite(runner, door).start()
        yield session
