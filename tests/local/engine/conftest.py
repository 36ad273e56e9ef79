"""An engine without Docker, and a way to ask it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import dagger
import httpx
import pytest
from dagger.client._session import ConnectParams, SingleConnection

from pipeline.local.engine.server import Session, serving

Ask = Callable[[str], Awaitable[dict[str, Any]]]


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    """An engine whose Docker does not exist: what needs one fails."""
    async with serving(docker_host="unix:///nowhere/docker.sock") as found:
        yield found


@pytest.fixture
async def http(session: Session) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends what a proper one sends."""
    address = f"http://127.0.0.1:{session.port}"
    # NB: there is no TLS here, and reading the machine's certificates takes longer than most tests.
    async with httpx.AsyncClient(
        base_url=address, auth=(session.token, ""), timeout=30, verify=False
    ) as client:
        yield client


@pytest.fixture
def ask(http: httpx.AsyncClient) -> Ask:
    """Send a query, give the decoded answer."""

    async def send(query: str) -> dict[str, Any]:
        answer = await http.post("/query", json={"query": query})
        assert answer.status_code == 200
        return answer.json()

    return send


@pytest.fixture
async def client(session: Session) -> AsyncIterator[dagger.Client]:
    """The unmodified client, connected to the engine without Docker."""
    async with SingleConnection(ConnectParams(port=session.port, session_token=session.token)) as connection:
        yield dagger.Client.from_connection(connection)
