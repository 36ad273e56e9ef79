"""The schema: what is served, what is known but not served, and a resolver on every field."""

import secrets
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import graphql as gql

from pipeline.local.engine import (  # noqa: F401  they register what serves the fields
    container_config,
    container_exec,
    container_mounts,
    directory,
    file,
    file_edits,
    healthcheck,
    image,
    looking,
    query,
    secret,
    service,
)
from pipeline.local.engine.docker_build import fused
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import unserved
from pipeline.local.engine.operations import OPERATIONS, snake
from pipeline.local.engine.values import Value

HERE = Path(__file__).parent
Resolver = Callable[..., Any]


@cache
def served() -> gql.DocumentNode:
    """schema.graphql, read."""
    return gql.parse((HERE / "schema.graphql").read_text(), no_location=True)


@cache
def known() -> gql.DocumentNode:
    """whole_api.graphql, read: everything that the client can name."""
    return gql.parse((HERE / "whole_api.graphql").read_text(), no_location=True)


def served_fields() -> Iterator[str]:
    """``Type.field`` for everything that is answered."""
    for definition in served().definitions:
        if isinstance(definition, gql.ObjectTypeDefinitionNode):
            yield from (f"{definition.name.value}.{field.name.value}" for field in definition.fields or ())


def build_schema(engine: Engine) -> gql.GraphQLSchema:
    """The whole schema, each field with its resolver for this session."""
    schema = gql.build_ast_schema(_merged(), assume_valid=True)
    answered = set(served_fields())
    for kind in schema.type_map.values():
        if isinstance(kind, gql.GraphQLInterfaceType):
            kind.resolve_type = _type_of
        if isinstance(kind, gql.GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                where = f"{kind.name}.{name}"
                field.resolve = _resolver(engine, where, field) if where in answered else _refusal(where)
    return schema


def _type_of(value: Value, _info: Any, _kind: Any) -> str:
    return value.type


def _merged() -> gql.DocumentNode:
    ours = {_name(item): item for item in served().definitions}
    both = [_widened(ours.pop(_name(item), None), item) for item in known().definitions]
    return gql.DocumentNode(definitions=(*both, *ours.values()))


def _name(definition: Any) -> str:
    return definition.name.value


def _widened(ours: Any, whole: Any) -> Any:
    if ours is None or not isinstance(ours, gql.ObjectTypeDefinitionNode):
        return ours or whole
    names = {_name(field) for field in ours.fields or ()}
    rest = [field for field in whole.fields if _name(field) not in names]
    return gql.ObjectTypeDefinitionNode(
        name=ours.name, interfaces=ours.interfaces, directives=(), fields=(*(ours.fields or ()), *rest)
    )


def _refusal(where: str) -> Resolver:
    def refuse(_source: Any, _info: gql.GraphQLResolveInfo, /, **_arguments: Any) -> Any:
        raise unserved(where)

    return refuse


def _resolver(engine: Engine, where: str, field: gql.GraphQLField) -> Resolver:
    """What answers a field: an object is a value and only built, anything else is waited for."""
    name, kind = where.partition(".")[2], gql.get_named_type(field.type)
    given = _arguments(engine, where, field)

    def build(source: Value | None, _info: Any, /, **arguments: Any) -> Value:
        return engine.graph.value(kind.name, *fused(engine, where, given(arguments), source))

    async def build_if_there(source: Value | None, info: Any, /, **arguments: Any) -> Value | None:
        value = build(source, info, **arguments)
        return None if await engine.evaluate(value) is None else value

    async def build_all(source: Value | None, info: Any, /, **arguments: Any) -> list[Value]:
        found, needed = await answer(source, info, **arguments), given(arguments)
        return [engine.graph.value(kind.name, where, needed, source, nth) for nth in range(len(found))]

    async def answer(source: Value | None, _info: Any, /, **arguments: Any) -> Any:
        return await engine.call(where, await engine.evaluate(source) if source else None, given(arguments))

    async def effect(source: Value, info: Any, /, **arguments: Any) -> str:
        await (answer(source, info, **arguments) if where in OPERATIONS else engine.evaluate(source))
        return engine.graph.identify(source)

    if where == "Query.node" or (where.startswith("Query.load") and name.endswith("FromID")):
        expected = "" if name == "node" else kind.name
        return lambda _source, _info, id: engine.graph.load(id, expected)
    if kind.name == "ID":
        return effect if name != "id" else lambda source, _info: engine.graph.identify(source)
    if not isinstance(kind, gql.GraphQLObjectType):
        return answer
    if isinstance(gql.get_nullable_type(field.type), gql.GraphQLList):
        return build_all
    return build if gql.is_non_null_type(field.type) else build_if_there


def _arguments(
    engine: Engine, where: str, field: gql.GraphQLField
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Arguments in snake case, ids replaced by the values they name."""
    names = {name: gql.get_named_type(argument.type).name for name, argument in field.args.items()}
    wanted = {name: kind.removesuffix("ID") for name, kind in names.items() if kind.endswith("ID")}
    written = (field.ast_node and field.ast_node.arguments) or ()
    heedless = {item.name.value: _default(item) for item in written if item.directives}  # @unserved

    def loaded(name: str, argument: Any) -> Any:
        if name in heedless and argument != heedless[name]:
            raise unserved(f"{where}({name})")
        if name == "noCache" and argument:
            return secrets.token_hex(8)  # true, and like no other: the value is a new one each time
        if name not in wanted or argument is None:
            return argument
        if isinstance(argument, list):
            return [engine.graph.load(item, wanted[name]) for item in argument]
        return engine.graph.load(argument, wanted[name])

    # NB: an argument without a default that was left out is missing here; functions have None as theirs.
    def given(arguments: dict[str, Any]) -> dict[str, Any]:
        every = {name: loaded(name, argument) for name, argument in arguments.items()}
        return {snake(name): argument for name, argument in every.items() if name not in heedless}

    return given


def _default(argument: gql.InputValueDefinitionNode) -> Any:
    return gql.value_from_ast_untyped(argument.default_value) if argument.default_value else None
