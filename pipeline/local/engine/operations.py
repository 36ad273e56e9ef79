"""What the engine serves: one function per field of the schema, registered by name."""

import inspect
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """A function behind a field.

    It takes the evaluated parent (unless that is Query), the field's arguments by keyword in snake case, and
    ``engine`` if it
    has such a parameter.
    """

    function: Callable[..., Any]
    wants_engine: bool
    waits: bool


OPERATIONS: dict[str, Operation] = {}


def serves(*names: str) -> Callable[[F], F]:
    """Register the function of a field, ``Type.field`` as in the schema, or of several."""

    def register(function: F) -> F:
        for name in names:
            OPERATIONS[name] = Operation(
                function=function,
                wants_engine="engine" in inspect.signature(function).parameters,
                waits=inspect.iscoroutinefunction(function),
            )
        return function

    return register


def snake(name: str) -> str:
    """``useEntrypoint`` as ``use_entrypoint``; Python's own words get an underscore."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{text}_" if text in {"from", "import", "all"} else text


def operation_of(name: str) -> Operation:
    """What answers a field: its function, or else the attribute of that name of what its parent is."""
    attribute = operator.attrgetter(snake(name.partition(".")[2]))
    given = Operation(function=attribute, wants_engine=False, waits=False)
    return OPERATIONS.get(name, given)
