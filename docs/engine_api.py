"""Writes what the local engine knows of the API besides its schema.graphql; run it when that or dagger-io changes.

unserved.graphql is what the installed client can name beyond it. It lets the engine say "not served" for a field
of the real API, where a missing one would look like a bug of the client. The client does not tell, so it is not
in it: which object fields are nullable, and which interfaces a type implements.

introspection.json is the answer to the client's question for both together, which it asks first of all.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import graphql

ENGINE = Path(__file__).parents[1] / "pipeline/local/engine"
SERVED, UNSERVED = ENGINE / "schema.graphql", ENGINE / "unserved.graphql"
INTROSPECTION = ENGINE / "introspection.json"
SCALARS = {"str": "String", "int": "Int", "float": "Float", "bool": "Boolean", "None": "Void"}
BASES = {"Type": "type", "Root": "type", "Enum": "enum", "Input": "input", "Scalar": "scalar"}
INTERFACES = {"_NodeClient": "Node", "_SyncerClient": "Syncer", "_ExportableClient": "Exportable"}


def client_source() -> str:
    """Text of dagger/client/gen.py, without importing dagger."""
    spec = find_spec("dagger")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("dagger-io is not installed here")
    return Path(spec.submodule_search_locations[0], "client", "gen.py").read_text()


def whole_api(source: str) -> str:
    """The client's generated Python as SDL, sorted by type name."""
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    kinds = {name: BASES[base] for name, node in classes.items() if (base := _base(node)) in BASES}
    kinds = {name: kind for name, kind in kinds.items() if name != "Client"}
    blocks = [_definition(classes[name], kind, kinds) for name, kind in sorted(kinds.items())]
    return "scalar Void\n\n" + "\n\n".join(block for block in blocks if block != "scalar Void")


def unserved_api(whole: str, served: str) -> str:
    """What is in ``whole`` and not in ``served``: other types, and of those in both the other fields."""
    ours = {item.name.value: item for item in parsed(served)}
    head = "# Written by engine_api.py from the dagger-io client: do not edit."
    return "\n\n".join([head, *(graphql.print_ast(item) for item in _others(parsed(whole), ours))]) + "\n"


def introspection(served: str, unserved: str) -> str:
    """The answer of graphql-core itself, in JSON: it takes 0.1 s, and would at every start."""
    schema = graphql.build_ast_schema(graphql.parse(f"{served}\n{unserved}"), assume_valid=True)
    told = graphql.introspection_from_schema(schema, descriptions=False)
    return json.dumps({"data": told}, separators=(",", ":")) + "\n"


def parsed(text: str) -> list[Any]:
    """The definitions in SDL."""
    return list(graphql.parse(text, no_location=True).definitions)


def _others(whole: Iterable[Any], ours: Mapping[str, Any]) -> Iterator[Any]:
    for definition in whole:
        same = ours.get(definition.name.value)
        if same is None:
            yield definition
        elif isinstance(same, graphql.ObjectTypeDefinitionNode):
            names = {field.name.value for field in same.fields or ()}
            if rest := [field for field in definition.fields if field.name.value not in names]:
                yield graphql.ObjectTypeExtensionNode(name=same.name, fields=tuple(rest))


def _base(node: ast.ClassDef) -> str:
    return ast.unparse(node.bases[0]) if node.bases else ""


def _definition(node: ast.ClassDef, kind: str, kinds: dict[str, str]) -> str:
    name = INTERFACES.get(node.name, node.name)
    if kind == "scalar":
        return f"scalar {name}"
    if kind == "enum":
        return _block(f"enum {name}", _members(node))
    if kind == "input":
        fields = (item for item in node.body if isinstance(item, ast.AnnAssign))
        return _block(f"input {name}", (_input_field(item, kinds) for item in fields))
    functions = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
    lines = (line for function in functions if (line := _field(function, name, kinds)))
    head = f"interface {name}" if node.name in INTERFACES else f"type {name}"
    implements = " implements Node" if node.name not in INTERFACES and name != "Query" else ""
    return _block(head + implements, lines)


def _block(head: str, lines: Iterator[str]) -> str:
    return "\n".join([f"{head} {{", *(f"  {line}" for line in lines), "}"])


def _members(node: ast.ClassDef) -> Iterator[str]:
    seen = set()
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant):
            # NB: the client sends a member's name, for an alias that of the first member with its value.
            if item.value.value not in seen:
                yield ast.unparse(item.targets[0])
            seen.add(item.value.value)


def _input_field(item: ast.AnnAssign, kinds: dict[str, str]) -> str:
    default = f" = {_literal(item.value)}" if item.value and ast.unparse(item.value) != "None" else ""
    kind = _type(item.annotation, "Input", kinds, optional=default != "")
    return f"{ast.unparse(item.target)}: {kind}{default}"


def _field(function: ast.FunctionDef | ast.AsyncFunctionDef, owner: str, kinds: dict[str, str]) -> str:
    """One line of SDL, or "" for a method that is not a field (``with_``, ``__await__``)."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    selects = [call for call in calls if ast.unparse(call.func) == "self._select"]
    synced = [call for call in calls if ast.unparse(call.func) == "self._ctx.execute_sync"]
    if selects:
        name = ast.literal_eval(selects[0].args[0])
        result = _type(function.returns, owner, kinds)
    elif synced:
        name, result = ast.literal_eval(synced[0].args[1]), "ID!"
    else:
        return ""
    annotations = {arg.arg: arg.annotation for arg in [*function.args.args, *function.args.kwonlyargs]}
    arguments = [
        _argument(call, annotations, owner, kinds) for call in calls if ast.unparse(call.func) == "Arg"
    ]
    # an id is the opaque key that every object has; the client's method returns it as str
    result = "ID!" if name == "id" else "Void" if result.startswith("Void") else result
    return f"{name}({', '.join(arguments)}): {result}" if arguments else f"{name}: {result}"


def _argument(call: ast.Call, annotations: dict, owner: str, kinds: dict[str, str]) -> str:
    name = ast.literal_eval(call.args[0])
    parameter = next(node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name))
    default = call.args[2] if len(call.args) > 2 else None
    written = "" if default is None or ast.unparse(default) == "None" else f" = {_literal(default)}"
    kind = "ID!" if name == "id" else _type(annotations[parameter], owner, kinds, ids=True)
    return f"{name}: {kind.removesuffix('!') if default is not None else kind}{written}"


def _type(
    node: ast.expr | None, owner: str, kinds: dict[str, str], *, optional: bool = False, ids: bool = False
) -> str:
    if node is None:
        return "Void!"
    text = ast.unparse(node).replace("'", "").replace('"', "")
    bare, nullable = text.removesuffix(" | None"), optional or text.endswith(" | None")
    if bare.startswith("list["):
        inner = _type(ast.parse(bare[5:-1], mode="eval").body, owner, kinds, ids=ids)
        return f"[{inner}]" if nullable else f"[{inner}]!"
    name = owner if bare == "Self" else SCALARS.get(bare, bare)
    if ids and (kinds.get(name) == "type" or name in INTERFACES.values()):
        name = f"{name}ID"
    return name if nullable else f"{name}!"


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    value = ast.literal_eval(node)
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    UNSERVED.write_text(unserved_api(whole_api(client_source()), SERVED.read_text()))
    INTROSPECTION.write_text(introspection(SERVED.read_text(), UNSERVED.read_text()))
