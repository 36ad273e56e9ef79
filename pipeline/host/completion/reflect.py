"""What the module's class says about a command line so far: the slow part, since it imports dagger-io."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from pipeline.host.call.locate import Location, import_main, locate
from pipeline.host.call.options import GLOBAL, Option, named_module, option
from pipeline.host.call.typechecks import put_off

Candidate = tuple[str, str]
FILES: tuple[Candidate, ...] = ((":files", ""),)
"""Tells the scripts to complete the names of files."""


def flags_and_functions(words: Sequence[str], *, flags: bool) -> tuple[Candidate, ...]:
    """What can follow: flags, or functions, or the values of a flag that waits for one."""
    location, adapter = _located(words), _adapter()
    from pipeline.host.call.model import Function, Parameter

    level: Function = adapter.constructor_of(import_main(location))
    waiting: Parameter | Option | None = None
    for word in words:
        if waiting:
            waiting = None
        elif word.startswith("-"):
            name, equals, _ = word.lstrip("-").partition("=")
            found = level.parameter(name) or option(name)
            takes = found.takes_value if isinstance(found, Option) else found and found.type.kind != "boolean"
            waiting = found if takes and not equals else None
        else:
            known = {each.name: each for each in adapter.functions_of(level.returns)}
            if word not in known:
                return ()
            level = known[word]
    if waiting:
        return _values(waiting)
    if flags:
        own = [(f"--{each.flag}", _first_line(each.doc)) for each in level.parameters]
        return (*own, *((f"--{each.name}", each.doc) for each in GLOBAL))
    functions = adapter.functions_of(level.returns)
    return tuple((each.name, each.summary) for each in functions if not each.is_field)


def checks() -> tuple[Candidate, ...]:
    """The checks of the module."""
    location, adapter = _located(()), _adapter()
    constructor = adapter.constructor_of(import_main(location))
    found = [each for each in adapter.functions_of(constructor.returns) if each.is_check]
    return tuple((each.name, each.summary) for each in found)


def _located(words: Sequence[str]) -> Location:
    location = locate(named_module(words), start=Path.cwd())
    # NB: dagger-io reads these when it is imported
    os.environ |= {"DAGGER_MODULE": location.name, "DAGGER_MAIN_OBJECT": location.entry.partition(":")[2]}
    return location


def _adapter() -> ModuleType:
    """What reads the class. NB: nothing is called here, so that no argument need be checked."""
    with put_off():
        from pipeline.host.call import adapter
    return adapter


def _values(waiting: object) -> tuple[Candidate, ...]:
    if isinstance(waiting, Option):
        return tuple((word, "") for word in waiting.words) or FILES
    type_ = waiting.type.innermost  # type: ignore[attr-defined]
    if type_.kind == "enum":
        return tuple((name, "") for name in type_.name.split(","))
    if type_.name == "Secret":
        return (("env:", "an environment variable"), ("file://", "a file"), ("cmd://", "a command's output"))
    return FILES if type_.kind == "core" else ()


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
