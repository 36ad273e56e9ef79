"""The schema: what is served, what is known but not served, and a resolver on every field."""

import secrets
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import graphql as gql

# These serve the fields, with what they import themselves.
from pipeline.local.engine import container_exec, container_mounts, healthcheck, image, query  # noqa: F401
from pipeline.local.engine.docker_build import fused
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import not_served
from pipeline.local.engine.operations import OPERATIONS, snake
from pipeline.local.engine.values import Value

HERE = Path(__file__).parent
Resolver = Callable[..., Any]


@cache
def served() -> gql.DocumentNode:
    """schema.graphql, read."""
    return gql.parse((HERE / "schema.graphql").read_text(), no_location=True)


@cache
def unserved() -> gql.DocumentNode:
    """unserved.graphql, read: what the client can name beyond that."""
    return gql.parse((HERE / "unserved.graphql").read_text(), no_location=True)


def served_fields() -> Iterator[str]:
    """``Type.field`` for everything that is answered."""
    for definition in served().definitions:
        if isinstance(definition, gql.ObjectTypeDefinitionNode):
            yield from (f"{definition.name.value}.{field.name.value}" for field in definition.fields or ())


def build_schema(engine: Engine) -> gql.GraphQLSchema:
    """The whole schema; each field that is served has its resolver for this session."""
    schema: Any = gql.build_ast_schema(gql.concat_ast([served(), unserved()]), assume_valid=True)
    for where in served_fields():
        kind, _, name = where.partition(".")
        field = schema.type_map[kind].fields[name]
        field.resolve = _resolver(engine, where, field)
    return schema


def refuse(_source: Any, info: gql.GraphQLResolveInfo, /, **_arguments: Any) -> Any:
    """Resolves every other field."""
    raise not_served(f"{info.parent_type.name}.{info.field_name}")


def _resolver(engine: Engine, where: str, field: gql.GraphQLField) -> Resolver:
    """What answers a field: an object is a value and only built, anything else is waited for."""
    name, kind = where.partition(".")[2], gql.get_named_type(field.type)
    given = _arguments(engine, where, field)

    def build(source: Value | None, _info: Any, /, **arguments: Any) -> Value:
        return engine.graph.value(kind.name, *fused(engine, where, given(arguments), source))

    async def build_what_is_there(source: Value | None, info: Any, /, **arguments: Any) -> Any:
        found, needed = await answer(source, info, **arguments), given(arguments)
        if isinstance(found, list):
            return [engine.graph.value(kind.name, where, needed, source, nth) for nth in range(len(found))]
        return None if found is None else engine.graph.value(kind.name, where, needed, source)

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
    is_one = gql.is_non_null_type(field.type) and not gql.is_list_type(field.type.of_type)
    return build if is_one else build_what_is_there


def _arguments(
    engine: Engine, where: str, field: gql.GraphQLField
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Arguments in snake case, ids replaced by the values they name."""
    kinds = {name: gql.get_named_type(item.type).name for name, item in field.args.items()}
    written = (field.ast_node and field.ast_node.arguments) or ()
    heedless = {item.name.value: _default(item) for item in written if item.directives}  # @unserved

    def loaded(name: str, said: Any) -> Any:
        if name == "noCache" and said:
            return secrets.token_hex(8)  # true, and like no other: the value is a new one each time
        if isinstance(said, list):
            return [loaded(name, item) for item in said]
        if said is None or not kinds[name].endswith("ID"):
            return said
        return engine.graph.load(said, kinds[name].removesuffix("ID"))

    # NB: an argument without a default that was left out is missing here; functions have None as theirs.
    def given(arguments: dict[str, Any]) -> dict[str, Any]:
        for name in heedless.keys() & arguments.keys():
            if arguments[name] != heedless[name]:
                raise not_served(f"{where}({name})")
        return {snake(name): loaded(name, said) for name, said in arguments.items() if name not in heedless}

    return given


def _default(argument: gql.InputValueDefinitionNode) -> Any:
    return gql.value_from_ast_untyped(argument.default_value) if argument.default_value else None
