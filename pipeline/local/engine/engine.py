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

        async def connect() -> Docker:
            return await self.closing.enter_async_context(
                Docker(self.docker_host, self.blobs, on_event=self._tell)
            )

        return await self.flights.once("docker", connect)

    def _tell(self, event: Event) -> None:
        """NB: events come by whole lines, so no secret is split between two of them."""
        self.on_event(replace(event, name=self.veil.text(event.name), text=self.veil.text(event.text)))

    async def evaluate(self, value: Value) -> Any:
        """What this value stands for: evaluates what it is made of, as far as that was not done yet."""
        chain, state = [value], None
        while (parent := chain[-1].parent) is not None and parent.digest not in self.flights.done:
            chain.append(parent)
        if parent is not None:
            state = self.flights.done[parent.digest]
        for step in reversed(chain):
            state = await self._step(step, state)
        return state

    async def _step(self, value: Value, parent: Any) -> Any:
        if value.digest in self.flights.done:
            return self.flights.done[value.digest]
        operation = operation_of(value.operation)
        if operation.waits:
            state = await self.flights.once(
                value.digest, lambda: self.call(value.operation, parent, value.arguments)
            )
        else:
            state = await self.call(value.operation, parent, value.arguments)
        if value.nth >= 0:
            return state[value.nth]
        self.flights.done[value.digest] = state
        return state

    async def call(self, name: str, parent: Any, arguments: Mapping[str, Any]) -> Any:
        """The result of one operation on an evaluated parent."""
        operation = operation_of(name)
        given = await self._evaluated(arguments)
        if given.pop("expand", False):
            given |= {key: parent.expanded(said) for key, said in given.items() if key in EXPANDED}
        if operation.wants_engine:
            given["engine"] = self
        result = operation.function(**given) if operation.on_query else operation.function(parent, **given)
        return await result if operation.waits else result

    async def _evaluated(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        needed = [item for argument in arguments.values() for item in _values_in(argument)]
        states = await asyncio.gather(*map(self.evaluate, needed)) if needed else []
        found = dict(zip((item.digest for item in needed), states, strict=True))
        return {name: _replaced(argument, found) for name, argument in arguments.items()}


def _values_in(argument: Any) -> list[Value]:
    items = argument if isinstance(argument, list) else [argument]
    return [item for item in items if isinstance(item, Value)]


def _replaced(argument: Any, states: Mapping[str, Any]) -> Any:
    if isinstance(argument, list):
        return [_replaced(item, states) for item in argument]
    return states[argument.digest] if isinstance(argument, Value) else argument
