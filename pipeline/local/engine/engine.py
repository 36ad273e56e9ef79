"""One session's state, and how a value becomes what it stands for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.local.blobs import Blobs
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Auth, Event, Terminal
from pipeline.local.engine.operations import operation_of
from pipeline.local.engine.scrub import Veil
from pipeline.local.engine.seen import Seen
from pipeline.local.engine.states import Secret
from pipeline.local.engine.values import Graph, Value
from pipeline.local.flights import Flights

PLATFORM = "linux/amd64"
EXPANDED = {"path", "args", "value", "target", "link_name"}  # where ``expand`` replaces variables
# Address, platform -> digest of images in its repository, credentials; gives the index's digest.
PutIndex = Callable[[str, Mapping[str, str], Auth | None], Awaitable[str]]


@dataclass
class Engine:
    """What lives as long as a session: values, results, file contents, and Docker once something needs it."""

    docker_host: str | None
    on_event: Callable[[Event], None]
    folder: Path
    closing: AsyncExitStack
    memory: Path | None = None  # the folder of what is known of the host's files
    put_index: PutIndex | None = None
    terminal: Terminal | None = None
    graph: Graph = field(default_factory=Graph)
    flights: Flights = field(default_factory=Flights)
    veil: Veil = field(default_factory=Veil)
    logins: dict[str, tuple[str, Secret]] = field(default_factory=dict)  # registry host: user, token
    seen: dict[Path, Seen] = field(default_factory=dict)  # by folder of the host

    @property
    def blobs(self) -> Blobs:
        """The contents of every file this session has seen."""
        return Blobs(self.folder / "blobs")

    async def docker(self) -> Docker:
        """The connection to Docker, made when first asked for."""

        def connect() -> Awaitable[Docker]:
            docker = Docker(self.docker_host, self.blobs, on_event=self._tell)
            return self.closing.enter_async_context(docker)

        return await self.flights.once("docker", connect)

    def _tell(self, event: Event) -> None:
        """NB: events come by whole lines, so no secret is split between two of them."""
        self.on_event(replace(event, name=self.veil.text(event.name), text=self.veil.text(event.text)))

    async def evaluate(self, value: Value) -> Any:
        """What this value stands for: evaluates what it is made of, as far as that was not done yet."""
        chain, state = [value], None
        while chain[-1].digest not in self.flights.done and (parent := chain[-1].parent):
            chain.append(parent)
        for step in reversed(chain):
            state = await self._step(step, state)
        return state

    async def _step(self, value: Value, parent: Any) -> Any:
        done = self.flights.done
        if value.digest in done:
            return done[value.digest]

        async def work() -> Any:
            state = await self.call(value.operation, parent, value.arguments)
            return state if value.nth < 0 else state[value.nth]

        if operation_of(value.operation).waits:
            return await self.flights.once(value.digest, work)
        done[value.digest] = await work()
        return done[value.digest]

    async def call(self, name: str, parent: Any, arguments: Mapping[str, Any]) -> Any:
        """The result of one operation on an evaluated parent."""
        operation = operation_of(name)
        given = {key: await self._evaluated(argument) for key, argument in arguments.items()}
        if given.pop("expand", False):
            given |= {key: parent.expanded(said) for key, said in given.items() if key in EXPANDED}
        if operation.wants_engine:
            given["engine"] = self
        on = () if parent is None else (parent,)
        result = operation.function(*on, **given)
        return await result if operation.waits else result

    async def _evaluated(self, argument: Any) -> Any:
        match argument:
            case Value():
                return await self.evaluate(argument)
            case [Value(), *_]:
                return await asyncio.gather(*map(self.evaluate, argument))
            case _:
                return argument
