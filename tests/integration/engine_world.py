"""An engine for conformance tests: the local one, or that of a surrounding `dagger run` if asked for."""

import os
import textwrap
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import dagger
from dagger.client._session import ConnectParams, SingleConnection

from pipeline.host.index import put_index
from pipeline.local.docker.model import Event
from pipeline.local.engine.server import serving
from pipeline.stages.failures import without_trace


@dataclass(frozen=True, kw_only=True)
class World:
    """A client, an image with sh, python3, curl and tini, and a registry that takes anonymous pushes."""

    client: dagger.Client
    base_reference: str
    registry: str
    outer: bool = False  # the engine of a surrounding `dagger run`, not the local one
    events: list[Event] = field(default_factory=list)  # of the local engine

    @property
    def base(self) -> dagger.Container:
        return self.client.container().from_(self.base_reference)

    def files(self, texts: dict[str, str]) -> dagger.Directory:
        """A directory of these files; what indentation all lines share is taken off."""
        made = self.client.directory()
        for path, text in texts.items():
            made = made.with_new_file(path, textwrap.dedent(text).lstrip("\n"))
        return made

    def built(self, dockerfile: str, **more: str) -> dagger.Container:
        """What a Dockerfile builds beside other files, with BASE_IMAGE as argument."""
        context = self.files({"Dockerfile": dockerfile, **more})
        return context.docker_build(build_args=[dagger.BuildArg("BASE_IMAGE", self.base_reference)])


@asynccontextmanager
async def world(*, docker_host: str, base: str, registry: str) -> AsyncIterator[World]:
    """A connected client; with PIPELINE_TEST_ENGINE=session it talks to DAGGER_SESSION_PORT instead."""
    events: list[Event] = []
    async with serving(docker_host=docker_host, on_event=events.append, put_index=put_index) as session:
        local = ConnectParams(port=session.port, session_token=session.token)
        outer = ConnectParams.from_env() if os.environ.get("PIPELINE_TEST_ENGINE") == "session" else None
        async with SingleConnection(outer or local) as connection:
            client = dagger.Client.from_connection(connection)
            there = World(client=client, base_reference=base, registry=registry, outer=outer is not None)
            yield replace(there, events=events)


def said(error: dagger.QueryError) -> str:
    """What an error says, without the trace that a Dagger engine puts behind it."""
    return without_trace(str(error))


async def failure(awaitable: Awaitable[Any]) -> dagger.QueryError:
    """The error that a query ends with."""
    try:
        value = await awaitable
    except dagger.QueryError as error:
        return error
    raise AssertionError(f"it should have failed, and gave {value!r}")
