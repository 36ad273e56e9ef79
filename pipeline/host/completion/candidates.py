"""`pipeline __complete WORD…`: what could stand for the last word, one a line, its meaning behind a tab."""

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterable, Sequence

from pipeline.host.command import COMMANDS
from pipeline.host.completion.main import SHELLS
from pipeline.host.completion.reflect import FILES, Candidate, checks, flags_and_functions
from pipeline.host.completion.remember import remembered

_FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")


def main(words: Sequence[str]) -> int:
    """Print the candidates. A shell that completes is never disturbed: nothing is printed for an error."""
    *before, current = words or [""]
    found: tuple[Candidate, ...] = ()
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        found = candidates(before, current)
    sys.stdout.write("".join(f"{name}\t{about}".rstrip("\t") + "\n" for name, about in found))
    return 0


def candidates(before: Sequence[str], current: str) -> tuple[Candidate, ...]:
    """What could stand for ``current``, which begins so, after the words before it."""
    if not before:
        return _beginning(current, [(name, command.about) for name, command in COMMANDS.items()])
    command, *rest = before
    special: dict[str, Callable[[], Iterable[Candidate]]] = {
        "call": lambda: _of_call(rest, current),
        "functions": lambda: _of_call(rest, current),
        "check": lambda: _of_check(current),
        "completion": lambda: [(shell, "") for shell in SHELLS],
        "run": lambda: FILES,
    }
    if command in special:
        return _beginning(current, special[command]())
    return _beginning(current, _of_help(command)) if current.startswith("-") else FILES


def _beginning(current: str, found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    found = tuple(found)
    return found if found == FILES else tuple(each for each in found if each[0].startswith(current))


def _of_call(before: Sequence[str], current: str) -> Iterable[Candidate]:
    flag, equals, _ = current.partition("=")
    asked = "flags" if current.startswith("-") and not equals else "words"
    words = [*before, flag] if equals else [*before]
    found = remembered(words, asked, lambda: flags_and_functions(words, flags=asked == "flags"))
    return [(f"{flag}={name}", about) for name, about in found] if equals and found != FILES else found


def _of_check(current: str) -> Iterable[Candidate]:
    return [("--list", "List them")] if current.startswith("-") else remembered([], "checks", checks)


def _of_help(command: str) -> Iterable[Candidate]:
    """The flags that a host command's help names."""
    if command not in COMMANDS:
        return ()
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        COMMANDS[command].load()(["--help"])
    return [(flag, "") for flag in dict.fromkeys(_FLAG.findall(shown.getvalue()))]
