"""What dagger-io does over and over in a run is done once, or not at all: a tenth of the client's computing.

It makes a converter for each link of every chain of calls, which takes 0.5 ms, and asks the engine for the
identity of an object that it knows by nothing else.
"""

import functools
from collections.abc import Callable
from typing import Any

from dagger.client import _core
from dagger.client.base import Type


def take() -> None:
    """Take both shortcuts from now on; a second time changes nothing.

    NB: both are ways within dagger-io that a newer one may not have: then it goes its own.
    """
    make = getattr(_core, "make_converter", None)
    if make and not isinstance(make, _Maker):
        _core.make_converter = _Maker(make)  # type: ignore[assignment]
    if not hasattr(_core.Context.execute, "__wrapped__"):
        _core.Context.execute = _knowing(_core.Context.execute)  # type: ignore[method-assign]


class _Maker:
    """Stands in for dagger-io's ``make_converter``."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self.make = make
        self.shared: Any = None

    def __call__(self, context: Any) -> "_Converter":
        self.shared = self.shared or self.make(context)
        return _Converter(self, context)


class _Converter:
    """What a context asks of its converter. NB: only objects out of a list are given the context itself."""

    __slots__ = ("_context", "_maker")

    def __init__(self, maker: _Maker, context: Any) -> None:
        self._maker = maker
        self._context = context

    def unstructure(self, value: Any) -> Any:
        return self._maker.shared.unstructure(value)

    def structure(self, value: Any, type_: Any) -> Any:
        if isinstance(type_, type) and not issubclass(type_, Type):
            return self._maker.shared.structure(value, type_)
        return self._maker.make(self._context).structure(value, type_)


def _knowing(execute: Callable[..., Any]) -> Callable[..., Any]:
    """``Context.execute`` that does not ask for the id of what is ``node(id: …)``."""

    @functools.wraps(execute)
    async def answered(self: Any, return_type: Any = None) -> Any:
        if len(self.selections) == 2 and return_type:
            node, asked = self.selections
            if node.name == "node" and asked.name == "id":
                return self.converter.structure(node.args["id"], return_type)
        return await execute(self, return_type)

    return answered
