"""Puts off the compiling of dagger-io's argument checks, which is a third of its import.

dagger-io has beartype write a check for every method of every class of the API. With `put_off` a class gets
its checks when its first object is made, so before any of its methods can be called: nothing goes unchecked.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import beartype

Decorator = Callable[[type], type]


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """Import dagger-io within: ``beartype(conf=…)`` then gives decorators that wait for a first object."""
    real: Any = beartype.beartype

    def patient(*things: Any, **options: Any) -> Any:
        return real(*things, **options) if things else lambda cls: _check_later(cls, real(**options))

    beartype.beartype = patient  # type: ignore[assignment]
    try:
        yield
    finally:
        beartype.beartype = real


def _check_later(cls: type, check: Decorator) -> type:
    own = cls.__dict__.get("__init__")

    def first(self: Any, *arguments: Any, **named: Any) -> None:
        if cls.__dict__.get("__init__") is first:  # NB: two threads may come here; checking twice is harmless
            if own is None:
                del cls.__init__
            else:
                cls.__init__ = own
            check(cls)
        cls.__init__(self, *arguments, **named)

    cls.__init__ = first
    return cls
