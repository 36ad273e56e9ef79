"""Command lines, against functions made up here: no module and no client is needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.host.call.model import Function, Parameter, Type
from pipeline.host.call.options import named_module
from pipeline.host.call.parse import CommandLine, parse

TEXT = Type(kind="string", name="string")
MAIN = Type(kind="object", name="Main")
IMAGE = Type(kind="object", name="Image")


def words_of(parameter: object) -> str:
    return (
        " ".join(parameter)
        if isinstance(parameter, list) and all(isinstance(each, str) for each in parameter)
        else ""
    )


def flag(name: str, type_: Type = TEXT, *, required: bool = False) -> Parameter:
    return Parameter(key=name, flag=name, type=type_, required=required)


FUNCTIONS = {
    "Main": (
        Function(name="image", key="image", returns=IMAGE, parameters=(flag("name", required=True),)),
        Function(
            name="text",
            key="text",
            returns=TEXT,
            parameters=(flag("json"), flag("loud", Type(kind="boolean"))),
        ),
    ),
    "Image": (Function(name="smoke", key="smoke", returns=TEXT),),
}
NEW = Function(name="", key="", returns=MAIN, parameters=(flag("source"),))


def read(*words: str) -> CommandLine:
    return parse(words, constructor=NEW, functions_of=lambda type_: FUNCTIONS.get(type_.name, ()))


def calls(line: CommandLine) -> list[tuple[str, dict]]:
    return [(each.function.name, dict(each.values)) for each in line.calls]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [("", {})]),
        (["--source", ".", "text"], [("", {"source": "."}), ("text", {})]),
        (["--source=a=b", "text"], [("", {"source": "a=b"}), ("text", {})]),
        (["image", "--name", "a", "smoke"], [("", {}), ("image", {"name": "a"}), ("smoke", {})]),
        (["image", "--name", "--x"], [("", {}), ("image", {"name": "--x"})]),
        (["image", "--name", ""], [("", {}), ("image", {"name": ""})]),
        (["text", "--loud"], [("", {}), ("text", {"loud": True})]),
        (["text", "--loud=false"], [("", {}), ("text", {"loud": False})]),
        (["--", "text"], [("", {}), ("text", {})]),
    ],
    ids=words_of,
)
def test_flags_belong_to_the_function_before_them(words, expected):
    assert calls(read(*words)) == expected


def test_options_may_stand_anywhere_and_a_functions_own_flag_comes_first():
    line = read("-vv", "text", "-o", "out", "--json", "x", "--quiet")

    assert calls(line)[1] == ("text", {"json": "x"})
    assert (line.options.verbose, line.options.output, line.options.json, line.options.quiet) == (
        2,
        "out",
        False,
        True,
    )
    assert read("--json", "text").options.json


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--nope"], "unknown flag: --nope\nRun 'pipeline call --help' for usage."),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["text", "--source", "."], "unknown flag: --source, give it before text"),
        (["tex"], 'unknown command "tex" for "pipeline call", did you mean text?'),
        (["text", "more"], 'unknown command "more" for "pipeline call text"'),
        (["image"], "required flag(s) \"name\" not set\nRun 'pipeline call image --help' for usage."),
        (["image", "smoke"], 'required flag(s) "name" not set'),
        (["image", "--name"], "flag needs an argument: --name"),
        (["-o"], "flag needs an argument: -o"),
        (
            ["--progress", "loud"],
            'invalid argument "loud" for "--progress" flag: one of auto,rich,plain,json',
        ),
        (["text", "--loud=maybe"], "neither true nor false"),
    ],
    ids=words_of,
)
def test_a_wrong_command_line_is_refused(words, says):
    with pytest.raises(UsageError) as failure:
        read(*words)

    assert says in str(failure.value)


def test_help_needs_no_required_flags():
    assert read("image", "--help").options.help
    assert read("image", "smoke", "-h").calls[-1].function.name == "smoke"


@pytest.mark.parametrize(
    ("words", "mod"),
    [
        ([], None),
        (["text"], None),
        (["--mod", "ci", "text"], "ci"),
        (["text", "-m", "ci"], "ci"),
        (["--mod=ci"], "ci"),
        (["--json", "-m", "ci"], "ci"),
        (["text", "--args", "-m", "x"], None),
        (["-o", "out", "--mod", "ci"], "ci"),
    ],
    ids=words_of,
)
def test_the_module_is_found_before_the_rest_can_be_read(words, mod):
    assert named_module(words) == mod


WORDS = [
    "image",
    "text",
    "smoke",
    "--name",
    "--name=a",
    "--loud",
    "-o",
    "-vj",
    "--json",
    "--",
    "-",
    "--help",
    "",
    "x",
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=8))
def test_whatever_is_typed_is_read_or_refused(words):
    try:
        line = read(*words)
    except UsageError as refused:
        assert "for usage." in str(refused)
    else:
        assert line.calls[0].function is NEW
