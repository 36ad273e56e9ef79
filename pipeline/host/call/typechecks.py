"""Puts off the compiling of dagger-io's argument checks, which is a third of its import.

dagger-io has beartype write a check for every method of every class of the API: 1 ms each. With `put_off` a
method gets its check when it is called for the first time, and that call is checked too: nothing goes
unchecked. NB: beartype itself checks a class method by method, with a function that it keeps to itself; where
another release has none of that name, nothing is put off.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import beartype
from beartype._decor import decorcore


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """Import dagger-io within: ``beartype(conf=…)`` then gives decorators that wait for first calls."""
    real: Any = beartype.beartype
    if not hasattr(decorcore, "beartype_object"):
        yield
        return

    def patient(*things: Any, **options: Any) -> Any:
        return real(*things, **options) if things else lambda cls: _check_later(cls, **options)

    beartype.beartype = patient  # type: ignore[assignment]
    try:
        yield
    finally:
        beartype.beartype = real


def _check_later(cls: type, conf: beartype.BeartypeConf) -> type:
    own = cls.__dict__.get("__init__")

    def first(self: Any, *arguments: Any, **named: Any) -> None:
        if cls.__dict__.get("__init__") is first:  # NB: two threads may come here; checking twice is harmless
            if own is None:
                del cls.__init__
            else:
                cls.__init__ = own
            for name, method in [*vars(cls).items()]:
                if isinstance(method, FunctionType):
                    setattr(cls, name, _checked_when_called(cls, name, method, conf))
        cls.__init__(self, *arguments, **named)

    cls.__init__ = first
    return cls


def _checked_when_called(
    cls: type, name: str, method: Callable[..., Any], conf: beartype.BeartypeConf
) -> Callable[..., Any]:
    def checked() -> Callable[..., Any]:
        made = decorcore.beartype_object(method, conf=conf, cls_stack=(cls,))
        setattr(cls, name, made)
        return made

    async def waits(*arguments: Any, **named: Any) -> Any:
        return await checked()(*arguments, **named)

    def answers(*arguments: Any, **named: Any) -> Any:
        return checked()(*arguments, **named)

    return functools.wraps(method)(waits if inspect.iscoroutinefunction(method) else answers)
