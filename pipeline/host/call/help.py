"""Help at every level, made from docstrings."""

import textwrap
from collections.abc import Iterable, Sequence

from pipeline.host.call.model import Function, Parameter
from pipeline.host.call.options import GLOBAL
from pipeline.host.call.parse import CommandLine

_WIDTH = 100
_WIDEST_NAME = 34


def columns(rows: Iterable[tuple[str, str]], *, indent: str = "  ") -> str:
    """Two columns; the right one wraps, and starts below a name that is too long."""
    rows = list(rows)
    width = max((len(name) for name, _ in rows if len(name) <= _WIDEST_NAME), default=0) + 3
    lines: list[str] = []
    for name, text in rows:
        wrapped = textwrap.wrap(text, max(_WIDTH - width - len(indent), 40)) or [""]
        fits = len(name) <= _WIDEST_NAME
        if not fits:
            lines.append(f"{indent}{name}")
        lines += [
            f"{indent}{left:<{width}}{right}".rstrip()
            for left, right in zip([name if fits else "", *[""] * len(wrapped)], wrapped, strict=False)
        ]
    return "\n".join(lines)


def flag(parameter: Parameter) -> tuple[str, str]:
    """A flag with its type, and what it means."""
    type_ = parameter.type
    shown = "" if type_.kind == "boolean" else f" {type_.name}"
    notes = [parameter.doc.strip()]
    if parameter.required:
        notes.append("[required]")
    elif parameter.default:
        notes.append(f"(default {parameter.default})")
    elif parameter.default_path:
        notes.append(f"(default {parameter.default_path} of the module's repository)")
    if type_.innermost.name == "Secret":
        notes.append("(env://NAME, file://PATH or cmd://COMMAND)")
    if type_.element:
        notes.append("(comma-separated, repeatable)")
    return f"--{parameter.flag}{shown}", " ".join(filter(None, notes))


def _options() -> Iterable[tuple[str, str]]:
    for each in GLOBAL:
        short = f"-{each.short}, " if each.short else "    "
        yield f"{short}--{each.name}{f' {each.value}' if each.value else ''}", each.doc


def _usage(line: CommandLine, functions: Sequence[Function]) -> str:
    current = line.calls[-1].function
    flags = "[arguments] " if current.parameters else ""
    more = "<function>" if functions else ""
    return f"{line.path} [options] {flags}{more}".rstrip()


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def help_text(line: CommandLine, *, functions: Sequence[Function]) -> str:
    """The help of the last function on a command line.

    Parameters
    ----------
    functions:
        What can follow it.
    """
    about = line.calls[-1].function.doc
    parts = [about.strip() or "Call a function.", f"USAGE\n  {_usage(line, functions)}"]
    called = [each for each in functions if not each.is_field]
    if called:
        parts.append("FUNCTIONS\n" + columns((each.name, each.summary) for each in called))
    if fields := ", ".join(each.name for each in functions if each.is_field):
        parts.append("FIELDS, which can be asked for like functions\n" + _wrapped(fields))
    parameters = sorted(line.calls[-1].function.parameters, key=lambda each: each.flag)
    if parameters:
        parts.append("ARGUMENTS\n" + columns(map(flag, parameters)))
    parts.append("OPTIONS\n" + columns(_options()))
    if functions:
        parts.append(f'Use "{line.path} <function> --help" for more about a function.')
    return "\n\n".join(parts) + "\n"
