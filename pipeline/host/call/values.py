"""What stands on a command line, as values: by the rules of pflag, which `dagger call` uses."""

import csv
import re
from typing import Any

from pipeline.errors import UsageError
from pipeline.host.call.model import Address, Parameter, Type

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
_INT_RANGE = range(-(2**63), 2**63)


def _boolean(text: str) -> bool:
    if text not in (*_TRUE, *_FALSE):
        raise ValueError("neither true nor false")
    return text in _TRUE


def _integer(text: str) -> int:
    octal = re.fullmatch(r"([+-]?)0([0-7]+)", text)  # NB: Go reads 010 as 8
    number = int(f"{octal[1]}0o{octal[2]}" if octal else text, 0)
    if number not in _INT_RANGE:
        raise ValueError("value out of range")
    return number


def _enum(text: str, type_: Type) -> str:
    members = type_.python.__members__
    if text in members:
        return text
    by_value = [name for name, member in members.items() if str(member.value) == text]
    if not by_value:
        raise ValueError(f"value should be one of {type_.name}")
    return by_value[0]


def _single(text: str, type_: Type, ignore: tuple[str, ...]) -> Any:
    match type_.kind:
        case "boolean":
            return _boolean(text)
        case "integer":
            return _integer(text)
        case "float":
            return float(text)
        case "enum":
            return _enum(text, type_)
        case "core":
            return Address(type_.name, text, ignore)
        case _:
            return text


def _reason(error: ValueError, type_: Type) -> str:
    return (
        {"integer": "not a whole number", "float": "not a number"}.get(type_.kind, str(error))
        if "range" not in str(error)
        else str(error)
    )


def read_value(text: str, parameter: Parameter) -> Any:
    """The value of one flag; for a list one occurrence of it, comma-separated.

    Enums come back as member names, objects as addresses.

    Raises
    ------
    UsageError
        It is not of the flag's type.
    """
    type_ = parameter.type
    try:
        if type_.element:
            parts = next(csv.reader([text], strict=True), []) if text else []
            return [_single(part, type_.element, parameter.ignore) for part in parts]
        return _single(text, type_, parameter.ignore)
    except csv.Error as error:
        reason = str(error)
    except ValueError as error:
        reason = _reason(error, type_.innermost)
    raise UsageError(f'invalid argument "{text}" for "--{parameter.flag}" flag: {reason}')
