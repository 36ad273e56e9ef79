"""Values on a command line, by pflag's rules."""

import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.host.call.model import Address, Parameter, Type
from pipeline.host.call.values import read_value


class Shape(enum.Enum):
    """A shape."""

    ROUND = "round"
    FLAT = 2


STRING = Type(kind="string", name="string")
INT = Type(kind="integer", name="int")
FLOAT = Type(kind="float", name="float")
BOOL = Type(kind="boolean", name="bool")
ENUM = Type(kind="enum", name="FLAT,ROUND", python=Shape)
FILE = Type(kind="core", name="File")


def many(element: Type) -> Type:
    return Type(kind="list", name=f"{element.name}s", element=element)


def read(text: str, type_: Type, ignore: tuple[str, ...] = ()):
    return read_value(text, Parameter(key="k", flag="flag", type=type_, ignore=ignore))


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (STRING, "", ""),
        (STRING, "a,b", "a,b"),
        (INT, "-3", -3),
        (INT, "0x10", 16),
        (INT, "010", 8),
        (INT, "0", 0),
        (INT, str(2**63 - 1), 2**63 - 1),
        (FLOAT, "1e3", 1000.0),
        (BOOL, "T", True),
        (BOOL, "0", False),
        (ENUM, "ROUND", "ROUND"),
        (ENUM, "round", "ROUND"),
        (ENUM, "2", "FLAT"),
        (FILE, "x", Address("File", "x", ())),
        (many(STRING), "", []),
        (many(STRING), 'a,"b,c"', ["a", "b,c"]),
        (many(INT), "1,2", [1, 2]),
        (many(ENUM), "round,FLAT", ["ROUND", "FLAT"]),
    ],
    ids=str,
)
def test_a_value_is_read(type_, text, value):
    found = read(text, type_)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "reason"),
    [
        (INT, "x", "not a whole number"),
        (INT, "", "not a whole number"),
        (INT, "1.5", "not a whole number"),
        (INT, str(2**63), "value out of range"),
        (FLOAT, "x", "not a number"),
        (BOOL, "yes", "neither true nor false"),
        (BOOL, "", "neither true nor false"),
        (ENUM, "Round", "value should be one of FLAT,ROUND"),
        (many(INT), "1,x", "not a whole number"),
        (many(ENUM), "ROUND,", "value should be one of"),
        (many(STRING), '"a', "unexpected end of data"),
    ],
    ids=str,
)
def test_a_wrong_value_names_flag_and_reason(type_, text, reason):
    with pytest.raises(UsageError) as failure:
        read(text, type_)

    assert f'invalid argument "{text}" for "--flag" flag: {reason}' in str(failure.value)


def test_the_ignore_list_goes_with_the_address():
    directory = Type(kind="core", name="Directory")

    assert read(".", directory, ("*.log",)) == Address("Directory", ".", ("*.log",))
    assert read(".", directory) != Address("Directory", ".", ("*.log",))


@given(st.text(), st.sampled_from([STRING, INT, FLOAT, BOOL, ENUM, many(STRING), many(INT), many(ENUM)]))
def test_no_text_gets_past_as_something_else(text, type_):
    try:
        found = read(text, type_)
    except UsageError:
        return
    kinds = {"string": str, "integer": int, "float": float, "boolean": bool, "enum": str, "list": list}
    assert isinstance(found, kinds[type_.kind])
