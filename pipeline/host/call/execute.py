"""Running a chain of calls: each one's result is what the next is called on, in lists each element's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.host.call.binding import State, call_core, call_module
from pipeline.host.call.locate import Location
from pipeline.host.call.model import Address, Call, Parameter
from pipeline.host.call.names import camel
from pipeline.host.call.objects import resolve


async def _resolved(value: Any) -> Any:
    if isinstance(value, list):
        return [await _resolved(each) for each in value]
    return await resolve(value) if isinstance(value, Address) else value


def _default(parameter: Parameter, location: Location) -> Address:
    path: Path = location.default_path(parameter.default_path)
    return Address(parameter.type.name, str(path), parameter.ignore)


async def _arguments(call: Call, location: Location) -> Mapping[str, Any]:
    values = dict(call.values)
    found: dict[str, Any] = {}
    for parameter in call.function.parameters:
        if parameter.key not in values and parameter.default_path:
            values[parameter.key] = _default(parameter, location)
        if parameter.key not in values:
            continue
        try:
            found[parameter.key] = await _resolved(values[parameter.key])
        except UsageError as error:
            raise UsageError(f'failed to get value for argument "{parameter.flag}": {error}') from None
    return found


async def _follow(subject: Any, calls: Sequence[tuple[Call, Mapping[str, Any]]], *, named: bool) -> Any:
    if isinstance(subject, list):
        results = [await _follow(each, calls, named=named) for each in subject]
        return [_nested(calls, each) for each in results] if named and calls else results
    if not calls or subject is None:
        return subject
    (call, arguments), rest = calls[0], calls[1:]
    if isinstance(subject, State):
        result = await call_module(subject.type, subject.fields, call.function, arguments)
    else:
        result = await call_core(subject, call.function, arguments)
    return await _follow(result, rest, named=named)


def _nested(calls: Sequence[tuple[Call, Mapping[str, Any]]], value: Any) -> Any:
    for call, _ in reversed(calls):
        value = {camel(call.function.key): value}
    return value


async def execute(calls: Sequence[Call], *, location: Location, named: bool = False) -> Any:
    """The result of a chain whose first call is the constructor.

    Parameters
    ----------
    named:
        Give what was asked of a list's elements under the functions' names, as ``--json`` prints it.

    Raises
    ------
    UsageError
        An argument names something that is not there. Whatever a function raises comes through.
    """
    prepared = [(call, await _arguments(call, location)) for call in calls]
    constructor, arguments = prepared[0]
    main = await call_module(constructor.function.returns, {}, constructor.function, arguments)
    return await _follow(main, prepared[1:], named=named)
