"""Shell text as commands."""

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.checks.facts.shell import read_argv, read_commands


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("curl -f x || exit 1", [("curl", "-f", "x"), ("exit", "1")]),
        ("a && b; c | d & e\nf", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("A=1 B='x y' a", [("a",)]),
        ("exec sudo -E a", [("a",)]),
        ("a 'b  c' \"d e\" f\\ g", [("a", "b  c", "d e", "f g")]),
        ("a > /x 2>&1 < y b", [("a", "b")]),
        ("a # b && c\nd", [("a",), ("d",)]),
        ("a#b", [("a#b",)]),
        ("a \\\n  b", [("a", "b")]),
        ("if [ -e x ]; then a; else b; fi", [("[", "-e", "x", "]"), ("a",), ("b",), ("fi",)]),
        ("(cd x && a)", [("cd", "x"), ("a",)]),
        ("{ a; b; }", [("a",), ("b",)]),
        ("sh -c 'a && b'", [("sh", "-c", "a && b"), ("a",), ("b",)]),
        ("bash -lc 'a'", [("bash", "-lc", "a"), ("a",)]),
        ("sh x.sh", [("sh", "x.sh")]),
        ('x "$(a b)" `c d`', [("a", "b"), ("c", "d"), ("x", "$(a b)", "`c d`")]),
        ("x '$(a)'", [("x", "$(a)")]),
        ("", []),
        ("A=1", []),
    ],
)
def test_commands(text: str, commands: list[tuple[str, ...]]):
    assert read_commands(text) == commands


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a $V ${V}x \"$V\" '$V'", ("a", "1", "1x", "1", "$V")),
        ("a $W ${W:-2}", ("a", "$W", "${W:-2}")),
    ],
)
def test_variables_that_are_known_are_put_in(text: str, words: tuple[str, ...]):
    assert read_commands(text, {"V": "1"}) == [words]


def test_an_argument_vector():
    assert read_argv(("/bin/sh", "-c", "a $V"), {"V": "1"}) == [("/bin/sh", "-c", "a 1"), ("a", "1")]
    assert read_argv(("a", "b && c")) == [("a", "b && c")]
    assert read_argv(()) == []


@given(st.text(alphabet="ab '\"\\$(){}`;|&<>#\n=-", max_size=60))
@example("$(" * 500)
@example("sh -c 'sh -c \"sh -c a\"'")
@example("${" * 20_000)
@example("'" + "a" * 20_000)
def test_any_text_ends_in_commands(text: str):
    assert all(command and all(isinstance(word, str) for word in command) for command in read_commands(text))


@given(st.lists(st.text(alphabet="abc xyz-./:'\"", min_size=1, max_size=8), min_size=1, max_size=6))
def test_what_shlex_joins_is_read_back(words: list[str]):
    # NB: a first word such as `time` or an assignment is not the program.
    words = ["run", *words]
    assert read_commands(shlex.join(words)) == [tuple(words)]
