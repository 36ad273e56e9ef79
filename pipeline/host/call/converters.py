"""One converter for all calls to the API, where dagger-io makes one for each link of every chain of calls.

Making one takes 0.5 ms, and a chain has some ten links: a tenth of what the client computed in a run.
"""

from collections.abc import Callable
from typing import Any

from dagger.client import _core
from dagger.client.base import Type


def share() -> None:
    """Have contexts of the API that are made from now on share a converter; twice does no more than once."""
    make: Any = _core.make_converter
    if not isinstance(make, _Maker):
        _core.make_converter = _Maker(make)  # type: ignore[assignment]


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
