"""Writes docs/reference and pages with figures from the code: `make docs`. A test fails where a page is not what it would write."""

import argparse
import contextlib
import inspect
import io
import json
import os
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

from pydantic import BaseModel

DOCS = Path(__file__).resolve().parent
PROJECT = DOCS.parent
RECORDED = PROJECT / "tests" / "host" / "call" / "recorded.json"
FUNCTIONS = """\
`dagger call [flags of the module] FUNCTION [flags]`, or `pipeline call …` without a Dagger engine. How flags are
written, what is printed and how a call ends: [the two engines](../engines.md).
"""
CATALOG = """\
Unknown keys are errors that name the nearest known one. `pipeline call lint` reads the whole file and says everything
at once. Durations are written `20s`, `1m30s`, `500ms`, amounts `512 MiB`, `2 GB`. [fleet/fleet.toml](../../fleet/fleet.toml) uses most of it.
"""
CHECKS = """\
Names as they stand in reports. A check passes, fails, or is skipped where it cannot be asked, which is not passed: then
the service counts as not wholly tested. [Smoke tests](../smoke.md) says how they are made.
"""
RULES = """\
Each example is a change to a small fleet in which lint finds nothing else; the tests make the same change and want just
that one finding. How findings are accepted and mended: [lint](../lint.md).
"""
SERVED = """\
The local engine answers {count} of the {total} fields that the Dagger client can name (the `load…FromID` fields
aside), of {served} of {types} types. Any other fails with `Container.x is not served by the local engine; use a Dagger
engine`. What both do differently: [the two engines](../engines.md).
"""
COMMAND_LINES = """\
What `dagger` 0.21.8 answered on a real engine ([recorded](../../tests/host/call/recorded.json)), and what `pipeline`
answers instead of it. Each line is run by [test_call_lines.py](../../tests/host/call/test_call_lines.py), or where
Docker is needed by [test_call_exec.py](../../tests/integration/test_call_exec.py), on the module in
[tests/host/call/module](../../tests/host/call/module/pipeline/main.py). Help texts and errors have our own wording.
`⏎` is a line end.
"""
NOTE = "<!-- Written by docs/generate.py: edit the code and run `make docs`. -->"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; ``|`` in cells is escaped, line ends become spaces."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


def code(text: str) -> str:
    """A code span, or nothing for nothing."""
    return f"`{text}`" if text else ""


def page(title: str, *blocks: str) -> str:
    """One page."""
    return "\n\n".join([f"# {title}", NOTE, *(block.strip("\n") for block in blocks if block)]) + "\n"


# Functions and flags


def functions_page() -> str:
    """Every function of the module with its flags, and the host commands with theirs."""
    from pipeline.host.call import adapter
    from pipeline.main import Pipeline

    constructor = adapter.constructor_of(Pipeline)
    functions = adapter.functions_of(constructor.returns)
    blocks = [
        FUNCTIONS,
        "## Flags of the module\n\nThey stand before the function.",
        _flags(constructor),
        "## Functions",
    ]
    for function in functions:
        blocks += [f"### {function.name}", function.doc, _flags(function)]
        if function.returns.kind == "core":
            blocks.append(f"It returns a {function.returns.name}: add `-o PATH` to save it.")
        if function.returns.kind == "object":
            blocks.append(_chain(function.name, adapter.functions_of(function.returns)))
    return page("Functions and flags", *blocks)


def _flags(function: typing.Any) -> str:
    from pipeline.host.call.help import flag

    rows = [flag(each) for each in sorted(function.parameters, key=lambda each: each.flag)]
    return table(["flag", "meaning"], [[code(name), text] for name, text in rows]) if rows else ""


def _chain(name: str, functions: Sequence[typing.Any]) -> str:
    rows = []
    for each in functions:
        if not each.is_field:
            flags = " ".join(f"[--{parameter.flag}]" for parameter in each.parameters)
            rows.append([code(f"{name} {each.name} {flags}".strip()), each.summary])
    return "What can follow:\n\n" + table(["call", "does"], rows)


def commands_page() -> str:
    """The subcommands of `pipeline`: what runs on the host and not in the graph."""
    from pipeline.host.command import COMMANDS

    rows = [[code(f"pipeline {name}"), command.about] for name, command in COMMANDS.items()]
    blocks = ["What runs on this machine, not in the graph.", table(["command", "does"], rows)]
    for name, command in COMMANDS.items():
        parser = parser_of(command.load())
        if parser:
            blocks += [f"## pipeline {name}", parser.description or "", _options(parser), parser.epilog or ""]
    return page("Host commands", *blocks)


class _Parser(Exception):  # noqa: N818 - carries a parser out of a command
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def parser_of(command: Callable[[Sequence[str]], int]) -> argparse.ArgumentParser | None:
    """The argument parser of a command, caught as it is about to read; None where it uses none."""

    def caught(self: argparse.ArgumentParser, *_arguments: object, **_more: object) -> None:
        raise _Parser(self)

    if command.__module__.startswith("pipeline.host.call"):
        return None
    with (
        patch.object(argparse.ArgumentParser, "parse_args", caught),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        try:
            command(["--help"])
        except _Parser as found:
            return found.parser
    return None


def _options(parser: argparse.ArgumentParser) -> str:
    rows = []
    for each in parser._actions:
        if each.dest != "help":
            value = "" if each.nargs == 0 else each.metavar or each.dest.upper()
            names = ", ".join(each.option_strings) or str(each.metavar or each.dest.upper())
            rows.append([code(f"{names} {value if each.option_strings else ''}".strip()), each.help or ""])
    return table(["argument", "meaning"], rows) if rows else ""


# Catalog


def catalog_page() -> str:
    """Every table and key of fleet.toml."""
    from pipeline.catalog import model, service

    tables = {
        "[fleet]": model.Fleet,
        "[root]": model.Root,
        "[families.NAME]": model.Family,
        "[images.NAME]": model.Image,
        "[[images.NAME.services]]": service.Service,
        "health = { … }": service.Health,
        "[targets.NAME]": model.Target,
        "[[acknowledge]]": model.Acknowledgement,
    }
    keys = [name for name in model.Catalog.model_fields if name != "filename"]
    assert {*keys} == {"fleet", "root", "families", "images", "targets", "acknowledge"}, (
        "a table is missing here"
    )
    blocks = [CATALOG]
    for title, each in tables.items():
        blocks += [
            f"## {title}",
            _about(each),
            table(["key", "type", "default", "meaning"], [*_keys(each, title)]),
        ]
    return page("fleet.toml", *blocks)


def _about(model: type[BaseModel]) -> str:
    text = inspect.getdoc(model) or ""
    rest = text.partition(": ")[2] if text.startswith("``") else text
    rest = rest.replace("``", "`")
    return rest[:1].upper() + rest[1:]


def _keys(model: type[BaseModel], title: str) -> Iterator[list[str]]:
    hints = typing.get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        if name == "name" and ".NAME]" in title and not title.startswith("[["):
            continue  # NB: it is the table's own name
        assert field.description, f"{model.__name__}.{name} has no description"
        kind = _type(hints[name])
        default = "required" if field.is_required() else _default(field.default, kind)
        yield [code(name), kind, default, field.description]


def _default(value: typing.Any, kind: str) -> str:
    if value in (None, "", (), {}) or isinstance(value, BaseModel):
        return ""
    return code(f"{value:g}s" if kind == "duration" else json.dumps(value))


def _type(annotation: typing.Any) -> str:
    from pipeline.catalog.durations import Seconds
    from pipeline.catalog.fields import Port, Version
    from pipeline.catalog.sizes import Size

    known = {"port": Port, "duration": Seconds, "version": Version, "amount": Size}
    named = next((word for word, alias in known.items() if _begins_with(annotation, alias)), "")
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if named:
        return named
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is typing.Literal:
        return "one of " + ", ".join(code(json.dumps(each)) for each in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}s"
    if origin is dict:
        return f"{{ {_type(arguments[0])} = {_type(arguments[1])} }}"
    return _plain_type(annotation, arguments)


def _plain_type(annotation: typing.Any, arguments: Sequence[typing.Any]) -> str:
    """A class, or what else than None it may be."""
    left = [each for each in arguments if each is not type(None)]
    names = {str: "text", int: "number", float: "number", bool: "true or false"}
    return _type(left[0]) if left else names.get(annotation, "table")


def _begins_with(annotation: typing.Any, alias: typing.Any) -> bool:
    """Whether an Annotated type is another one, or only adds to it."""
    own, other = getattr(annotation, "__metadata__", ()), alias.__metadata__
    return bool(own) and annotation.__origin__ is alias.__origin__ and own[: len(other)] == other


# The local engine


def local_engine_page() -> str:
    """Which fields of the Dagger API are served and which are not."""
    import graphql

    from pipeline.local.engine.schema import served, served_fields, unserved

    answered = {*served_fields()}
    every: dict[str, list[str]] = {}
    for document in (served(), unserved()):
        for definition in document.definitions:
            if isinstance(definition, graphql.ObjectTypeDefinitionNode | graphql.ObjectTypeExtensionNode):
                names = [field.name.value for field in definition.fields or ()]
                have = every.setdefault(definition.name.value, [])
                have += [name for name in names if name not in have and not name.startswith("load")]
    partly = {kind: names for kind, names in every.items() if any(f"{kind}.{n}" in answered for n in names)}
    count = sum(f"{kind}.{name}" in answered for kind, names in every.items() for name in names)
    total = sum(len(names) for names in every.values())
    blocks = [SERVED.format(count=count, total=total, served=len(partly), types=len(every))]
    for kind, names in sorted(partly.items()):
        yes = [name for name in sorted(names) if f"{kind}.{name}" in answered]
        no = [name for name in sorted(names) if f"{kind}.{name}" not in answered]
        blocks.append(f"## {kind}")
        blocks.append("Served: " + ", ".join(map(code, yes)) + ".")
        if only := _defaults_only(kind):
            blocks.append(
                "Of these arguments only the default is served: " + ", ".join(map(code, only)) + "."
            )
        if no:
            blocks.append("Not served: " + ", ".join(map(code, no)) + ".")
    missing = sorted(kind for kind in every if kind not in partly)
    blocks += ["## Types of which nothing is served", ", ".join(map(code, missing)) + "."]
    return page("What the local engine serves", *blocks)


def _defaults_only(kind: str) -> list[str]:
    """``field(argument)`` of a type's served fields, where the argument is marked @unserved."""
    import graphql

    from pipeline.local.engine.schema import served

    types = [item for item in served().definitions if isinstance(item, graphql.ObjectTypeDefinitionNode)]
    return [
        f"{field.name.value}({argument.name.value})"
        for definition in types
        for field in definition.fields or ()
        for argument in field.arguments or ()
        if argument.directives and definition.name.value == kind
    ]


def command_lines_page() -> str:
    """Command lines side by side: as `dagger` answered them, and as `pipeline` does."""
    from test_call_lines import LINES  # the same rows are run there

    ours = {line: (exit_code, stdout) for line, exit_code, stdout in LINES}
    rows = []
    for each in json.loads(RECORDED.read_text()):
        line = each["command"].removeprefix("dagger ")
        theirs = (each["exit"], each["stdout"])
        rows.append([code(line), str(each["exit"]), _short(each["stdout"]), _ours(line, theirs, ours)])
    return page(
        "Command lines on both engines",
        COMMAND_LINES,
        table(["line, after `dagger` or `pipeline`", "exit code", "stdout", "pipeline"], rows),
    )


def _ours(line: str, theirs: tuple[int, str], ours: Mapping[str, tuple[int, str | None]]) -> str:
    if "--help" in line:
        return "own wording"
    if line not in ours:
        return "the same"
    exit_code, stdout = ours[line]
    if (exit_code, stdout if stdout is not None else theirs[1]) == theirs:
        return "the same"
    return f"exit code {exit_code}, {_short(stdout or '')}"


def _short(text: str) -> str:
    shown = text.replace("\n", "⏎")
    return code(shown if len(shown) <= 60 else f"{shown[:59]}…").replace("`` ", "``")


def checks_page() -> str:
    """What smoke tests ask."""
    from pipeline.stages.smoke.checks import SMOKE_CHECKS

    sections = [
        f"## {each.name}\n\n{each.about}\n\n"
        + table(
            ("", ""),
            [
                *([("catalog", code(each.keys))] if each.keys else []),
                ("says", code(each.example)),
                ("consequence", each.consequence),
                ("fix", each.fix),
            ],
        )
        for each in SMOKE_CHECKS
    ]
    return page("Checks of a smoke test", CHECKS, *sections)


def rules_page() -> str:
    """Every lint rule, with the broken twin that its test uses, and what lint says of it."""
    from lint_rules import sections

    return page("Lint rules", RULES, *sections())


def scale_page() -> str:
    """What a simulation finds of fleets of thousands of images."""
    import scale_page

    return scale_page.scale_page(page, table)


def scale_plot() -> str:
    """Its plot."""
    import scale_page

    return scale_page.scale_plot()


def bench_page() -> str:
    """What `make bench` found last."""
    import bench_page

    return bench_page.bench_page(page, table)


def bench_plot() -> str:
    """Its plot."""
    import bench_page

    return bench_page.bench_plot()


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/functions.md": functions_page,
    "reference/commands.md": commands_page,
    "reference/catalog.md": catalog_page,
    "reference/checks.md": checks_page,
    "reference/rules.md": rules_page,
    "reference/local-engine.md": local_engine_page,
    "reference/command-lines.md": command_lines_page,
    "scale.md": scale_page,
    "scale.svg": scale_plot,
    "benchmarks.md": bench_page,
    "benchmarks.svg": bench_plot,
}


def main() -> None:
    """Write every page that is not up to date."""
    for name, write in PAGES.items():
        target, text = DOCS / name, write()
        target.parent.mkdir(exist_ok=True)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            print(f"wrote {target.relative_to(PROJECT)}")


if __name__ == "__main__":
    # NB: dagger-io reads these when it is imported
    sys.path[:0] = [str(RECORDED.parent), str(PROJECT / "tests" / "checks"), str(PROJECT / "tests" / "bench")]
    os.environ |= {"DAGGER_MODULE": "pipeline", "DAGGER_MAIN_OBJECT": "Pipeline"}
    main()
