"""What can be called, as plain data: functions, their flags and the types of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "string", "integer", "float", "boolean", "void", "scalar", "enum", "list", "object", "core", "unknown"
]


@dataclass(frozen=True, kw_only=True)
class Type:
    """The type of a flag or a result.

    ``object`` is a class of the module, ``core`` one of the API (Container, Directory, …), ``unknown`` one
    that has no form on a command line.
    """

    kind: Kind
    name: str = ""
    python: Any = None
    element: "Type | None" = None

    @property
    def innermost(self) -> "Type":
        """The type itself, or for a list that of its elements."""
        return self.element.innermost if self.element else self

    @property
    def chainable(self) -> bool:
        """Whether functions can follow."""
        return self.innermost.kind in ("object", "core")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One flag of a function."""

    key: str
    """What the function is called with."""
    flag: str
    type: Type
    doc: str = ""
    required: bool = False
    default: str = ""
    """For people; empty when there is none worth showing."""
    default_path: str = ""
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function or a field of an object; the constructor has an empty name."""

    name: str
    key: str
    """Name in the API of a module's object, name of the method of a core object."""
    returns: Type
    doc: str = ""
    parameters: tuple[Parameter, ...] = ()
    is_field: bool = False
    is_check: bool = False

    @property
    def summary(self) -> str:
        """First line of the documentation."""
        return self.doc.strip().partition("\n")[0]

    def parameter(self, flag: str) -> Parameter | None:
        """The parameter behind ``--flag``."""
        return next((each for each in self.parameters if each.flag == flag), None)


@dataclass(frozen=True)
class Address:
    """A directory, file, secret or another core object as it was named on the command line.

    ``value`` is what a secret holds that was not named there, but found; then ``text`` only says where.
    """

    type: str
    text: str
    ignore: tuple[str, ...] = ()
    value: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One function with the values of its flags, keyed by parameter."""

    function: Function
    values: Mapping[str, Any] = field(default_factory=dict)
