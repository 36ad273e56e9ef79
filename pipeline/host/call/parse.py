"""A command line as a chain of calls: flags belong to the function before them, a word is the next one."""

import difflib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pipeline.errors import UsageError
from pipeline.host.call.model import Call, Function, Type
from pipeline.host.call.options import GLOBAL, Options, option
from pipeline.host.call.values import read_value

FunctionsOf = Callable[[Type], Sequence[Function]]
Given = Callable[[Function, Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class _Level:
    function: Function
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """The chain of calls, the constructor's first, and the options that stood anywhere among them."""

    calls: tuple[Call, ...]
    options: Options

    @property
    def path(self) -> str:
        """The functions' names, as in the usage line."""
        return " ".join(["pipeline call", *(each.function.name for each in self.calls[1:])])


def _unknown(what: str, word: str, known: Sequence[str], rest: str = "") -> UsageError:
    near = difflib.get_close_matches(word, known, n=1)
    guess = f", did you mean {near[0]}?" if near else ""
    return UsageError(f"unknown {what}{rest}{guess}")


def _argument(name: str, given: str | None, words: deque[str]) -> str:
    if given is not None:
        return given
    if not words:
        raise UsageError(f"flag needs an argument: {name}")
    return words.popleft()


def _unknown_flag(name: str, levels: Sequence[_Level]) -> UsageError:
    for level, after in pairwise(levels):
        if level.function.parameter(name):
            return UsageError(f"unknown flag: --{name}, give it before {after.function.name}")
    known = [f"--{each.flag}" for each in levels[-1].function.parameters]
    known += [f"--{each.name}" for each in GLOBAL]
    return _unknown("flag", f"--{name}", known, f": --{name}")


def _read_flag(word: str, words: deque[str], levels: Sequence[_Level], chosen: dict[str, Any]) -> None:
    name, equals, text = word.removeprefix("--").partition("=")
    given = text if equals else None
    level = levels[-1]
    parameter = level.function.parameter(name)
    if parameter is None:
        found = option(name)
        if found is None:
            raise _unknown_flag(name, levels)
        found.read(chosen, _argument(f"--{name}", given, words) if found.takes_value else given)
        return
    if parameter.type.kind == "boolean" and given is None:
        given = "true"
    value = read_value(_argument(f"--{name}", given, words), parameter)
    before = level.values.get(parameter.key, [])
    level.values[parameter.key] = [*before, *value] if parameter.type.element else value


def _read_short(word: str, words: deque[str], chosen: dict[str, Any]) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        found = option(letter)
        if found is None:
            raise UsageError(f"unknown shorthand flag: {letter!r} in {word}")
        if found.takes_value:
            given = letters.removeprefix("=") if letters else None
            found.read(chosen, _argument(f"-{letter}", given, words))
            return
        found.read(chosen, None)


def _next_level(word: str, levels: Sequence[_Level], functions_of: FunctionsOf) -> _Level:
    known = functions_of(levels[-1].function.returns)
    found = next((each for each in known if each.name == word), None)
    if found is None:
        path = " ".join(["pipeline call", *(each.function.name for each in levels[1:])])
        raise _unknown("command", word, [each.name for each in known], f' "{word}" for "{path}"')
    return _Level(found)


def _require(levels: Sequence[_Level]) -> None:
    missing = next(filter(None, map(_missing, levels)), "")
    if missing:
        raise UsageError(f"required flag(s) {missing} not set")


def _missing(level: _Level) -> str:
    return ", ".join(
        f'"{each.flag}"'
        for each in level.function.parameters
        if each.required and each.key not in level.values
    )


def parse(
    words: Sequence[str],
    *,
    constructor: Function,
    functions_of: FunctionsOf,
    given: Given = lambda _function, _values: {},
) -> CommandLine:
    """Read a command line; ``given`` says what flags are worth that do not stand on it.

    Raises
    ------
    UsageError
        A flag or function is unknown, a value is wrong or missing; it ends with where to find help.
    """
    levels = [_Level(constructor)]
    chosen: dict[str, Any] = {}
    left = deque(words)
    try:
        while left:
            word = left.popleft()
            if word.startswith("--") and word != "--":
                _read_flag(word, left, levels, chosen)
            elif word.startswith("-") and len(word) > 1 and word != "--":
                _read_short(word, left, chosen)
            elif word != "--":
                levels.append(_next_level(word, levels, functions_of))
        for level in levels:
            level.values |= given(level.function, level.values)
        if not chosen.get("help"):
            _require(levels)
    except UsageError as error:
        path = " ".join(["pipeline call", *(each.function.name for each in levels[1:])])
        raise UsageError(f"{error.what}\nRun '{path} --help' for usage.") from None
    calls = tuple(Call(function=each.function, values=each.values) for each in levels)
    return CommandLine(calls=calls, options=Options(**chosen))
