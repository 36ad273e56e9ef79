"""What is served, what is known, and what the client can say agree with each other."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import engine_api
import graphql as gql
import pytest

from pipeline.local.engine import container, healthcheck, states
from pipeline.local.engine.operations import OPERATIONS, snake
from pipeline.local.engine.schema import served, served_fields, unserved

Ask = Callable[[str], Awaitable[dict[str, Any]]]


def fields(document: gql.DocumentNode) -> dict[str, gql.FieldDefinitionNode]:
    return {
        f"{definition.name.value}.{field.name.value}": field
        for definition in document.definitions
        if isinstance(definition, gql.ObjectTypeDefinitionNode)
        for field in definition.fields or ()
    }


def arguments(field: gql.FieldDefinitionNode) -> dict[str, tuple[str, str]]:
    return {
        item.name.value: (
            gql.print_ast(item.type),
            gql.print_ast(item.default_value) if item.default_value else "",
        )
        for item in field.arguments or ()
    }


def heeded(name: str) -> dict[str, tuple[str, str]]:
    """The arguments that a function gets: of some only the default is served, and what `expand` asks for is
    done before."""
    less = {item.name.value for item in SERVED[name].arguments or () if item.directives} | {"expand"}
    return {key: said for key, said in arguments(SERVED[name]).items() if key not in less}


WHOLE = engine_api.whole_api(engine_api.client_source())
SERVED, KNOWN = fields(served()), fields(gql.parse(WHOLE))
KEYWORD = inspect.Parameter.KEYWORD_ONLY
NULLABLE = {"Container.dockerHealthcheck"}  # the client's code does not tell; measured on a Dagger engine


def test_what_is_not_served_is_the_rest_of_what_the_installed_client_can_name() -> None:
    assert engine_api.UNSERVED.read_text() == engine_api.unserved_api(WHOLE, engine_api.SERVED.read_text())


def test_the_client_is_told_the_schema_as_it_is() -> None:
    texts = engine_api.SERVED.read_text(), engine_api.UNSERVED.read_text()
    assert engine_api.INTROSPECTION.read_text() == engine_api.introspection(*texts)


@pytest.mark.parametrize("name", SERVED)
def test_a_served_field_is_as_the_client_says_it(name: str) -> None:
    assert arguments(SERVED[name]) == arguments(KNOWN[name])
    result = gql.print_ast(KNOWN[name].type)
    assert gql.print_ast(SERVED[name].type) == (result.rstrip("!") if name in NULLABLE else result)


def parameters_of(name: str) -> dict[str, inspect.Parameter]:
    """Those of a function; of durations it takes all that there are."""
    found = dict(inspect.signature(OPERATIONS[name].function).parameters)
    if found.pop("times", None):
        found |= {key: inspect.Parameter(key, KEYWORD, default=None) for key in healthcheck.TIMES}
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_function_takes_the_arguments_of_its_field(name: str) -> None:
    parameters = parameters_of(name)
    parameters.pop("engine", None)
    if not name.startswith("Query."):
        del parameters[next(iter(parameters))]
    # NB: one function may serve fields of two types, of which one takes more arguments.
    needed = {given for given, parameter in parameters.items() if parameter.default is parameter.empty}
    assert needed <= {snake(argument) for argument in heeded(name)} <= parameters.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_argument_that_may_be_left_out_has_a_default_somewhere(name: str) -> None:
    parameters = parameters_of(name)
    for argument, (kind, default) in heeded(name).items():
        if not kind.endswith("!") and not default:
            assert parameters[snake(argument)].default is None, f"{name}({argument})"


def test_every_function_belongs_to_a_served_field() -> None:
    assert OPERATIONS.keys() <= SERVED.keys()


def test_every_served_field_is_answered() -> None:
    """By a function, by an attribute of what its parent stands for, or by the schema itself (ids)."""
    attributes = {
        "EnvVariable": states.Pair,
        "Label": states.Pair,
        "Port": states.Port,
        "Stat": states.Stat,
        "Changeset": states.Changeset,
        "HealthcheckConfig": healthcheck.Healthcheck,
        "Directory": states.Directory,
        "File": states.File,
        "Secret": states.Secret,
        "Container": container.Container,
        "Service": container.Service,
    }
    for where in served_fields():
        kind, _, name = where.partition(".")
        if where in OPERATIONS or name in {"id", "sync", "node"} or name.startswith("load"):
            continue
        has = attributes[kind]
        assert snake(name) in has.__dataclass_fields__ or isinstance(getattr(has, snake(name)), property), (
            where
        )


def test_types_that_the_client_asks_node_for_are_nodes() -> None:
    for definition in served().definitions:
        if isinstance(definition, gql.ObjectTypeDefinitionNode) and definition.name.value != "Query":
            assert "Node" in {item.name.value for item in definition.interfaces or ()}


@pytest.mark.parametrize(
    ("camel", "expected"),
    [
        ("path", "path"),
        ("useEntrypoint", "use_entrypoint"),
        ("doNotFollowSymlinks", "do_not_follow_symlinks"),
        ("from", "from_"),
        ("all", "all_"),
    ],
)
def test_names_become_snake_case(camel: str, expected: str) -> None:
    assert snake(camel) == expected


PARENTS = {
    "Query": "{ %s }",
    "Container": "{ container { %s } }",
    "Directory": "{ directory { %s } }",
    "File": '{ file(name: "f", contents: "") { %s } }',
    "Host": "{ host { %s } }",
    "Service": "{ container { asService { %s } } }",
    "Secret": '{ setSecret(name: "s", plaintext: "p") { %s } }',
    "CacheVolume": '{ cacheVolume(key: "k") { %s } }',
}
VALUES = {"Int": "1", "Float": "1", "Boolean": "true"}  # any other scalar is written as a text


def asking(schema: gql.GraphQLSchema, parent: str, name: str) -> str:
    """A selection of a field, with all arguments that it needs."""
    kind: Any = schema.type_map[parent]
    field = kind.fields[name]
    given = [
        f"{key}: {value_for(item.type)}" for key, item in field.args.items() if gql.is_required_argument(item)
    ]
    result = gql.get_named_type(field.type)
    below = " { __typename }" if gql.is_composite_type(result) else ""
    return f"{name}({', '.join(given)}){below}" if given else f"{name}{below}"


def value_for(kind: Any) -> str:
    inner: Any = gql.get_nullable_type(kind)
    if gql.is_list_type(inner):
        return "[]"
    if gql.is_enum_type(inner):
        return next(iter(inner.values))
    return VALUES.get(inner.name, '"x"')


async def test_every_field_that_is_not_served_says_so(ask: Ask) -> None:
    schema = gql.build_ast_schema(gql.concat_ast([served(), unserved()]), assume_valid=True)
    left = [name for name in KNOWN if name not in SERVED and name.partition(".")[0] in PARENTS]
    assert len(left) > 50
    for where in left:
        parent, _, name = where.partition(".")
        answer = await ask(PARENTS[parent] % asking(schema, parent, name))
        told = [error["message"] for error in answer["errors"]]
        assert told == [f"{where} is not served by the local engine; use a Dagger engine"]
