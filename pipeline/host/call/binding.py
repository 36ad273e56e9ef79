"""The calling half of the adapter: connects the client, runs functions as the SDK's runtime does."""

import contextlib
import enum
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagger
from dagger.client._session import ConnectParams, SharedConnection
from dagger.client.base import Type as CoreObject

from pipeline.host.call.model import Function, Type


@dataclass(frozen=True)
class State:
    """An object of the module between two calls: its fields, references to core objects as ids."""

    type: Type
    fields: Mapping[str, Any]


@contextlib.asynccontextmanager
async def connected(port: int, token: str) -> AsyncIterator[None]:
    """Connect the shared client to an engine.

    NB: a process can do this once; the client keeps its first connection's parameters.
    """
    SharedConnection().with_params(ConnectParams(port=port, session_token=token))
    await dagger.connect()
    try:
        yield
    finally:
        await dagger.close()


def hush() -> None:
    """Keep the SDK from logging what is told as an error message anyway."""
    logging.getLogger("dagger").setLevel(logging.CRITICAL + 1)
    logging.getLogger("gql").setLevel(logging.CRITICAL + 1)


async def _load(raw: Any, type_: Type, owner: type) -> Any:
    if raw is None:
        return None
    if type_.element:
        return [await _load(each, type_.element, owner) for each in raw]
    if type_.kind == "object":
        return State(type_, raw)
    if type_.kind == "core":
        return await owner.__dagger_module__.structure(raw, type_.python)  # pyright: ignore[reportAttributeAccessIssue]
    return raw


async def _as_input(value: Any) -> Any:
    if isinstance(value, list):
        return [await _as_input(each) for each in value]
    return await value.id() if isinstance(value, CoreObject) else value  # pyright: ignore[reportAttributeAccessIssue]


async def call_module(
    owner: Type, state: Mapping[str, Any], function: Function, values: Mapping[str, Any]
) -> Any:
    """Call a function of one of the module's objects, through the JSON that runtime and engine exchange.

    NB: attributes that are not dataclass fields are lost from call to call, as they are on a real engine.
    """
    cls = owner.python
    if function.is_field:
        return await _load(state[function.key], function.returns, cls)
    inputs = {key: await _as_input(value) for key, value in values.items()}
    raw = await cls.__dagger_module__.get_result(cls.__name__, state, function.key, inputs)
    return await _load(raw, function.returns, cls)


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, enum.Enum) else value


def _core_argument(value: Any, type_: Type | None) -> Any:
    if type_ and type_.element:
        return [_core_argument(each, type_.element) for each in value]
    return type_.python[value] if type_ and type_.kind == "enum" else value


async def call_core(subject: CoreObject, function: Function, values: Mapping[str, Any]) -> Any:
    """Call a method of an API object."""
    types = {each.key: each.type for each in function.parameters}
    arguments = {key: _core_argument(value, types.get(key)) for key, value in values.items()}
    result = getattr(subject, function.key)(**arguments)
    if not isinstance(result, CoreObject):
        result = await result
    return [_plain(each) for each in result] if isinstance(result, list) else _plain(result)
