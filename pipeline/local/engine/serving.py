"""One session from start to end."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from pipeline.local.docker import Listener, ignore
from pipeline.local.engine.engine import Engine, PutIndex
from pipeline.local.engine.folder import session_folder
from pipeline.local.engine.server import Server


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
        folder = session_folder(closing.enter_context(ExitStack()))
        engine = Engine(
            docker_host=docker_host,
            on_event=on_event,
            folder=folder,
            closing=closing,
            memory=seen,
            put_index=put_index,
        )
        server = Server(engine, token=secrets.token_hex(32))
        server.prepare()
        async with _listening(server):
            yield Session(port=server.port, token=server.token)


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
