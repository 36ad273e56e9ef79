"""Shell text as the simple commands in it: enough to see which programs run with which words. Never fails."""

import re
from collections.abc import Iterator, Mapping

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+)
    |(?P<end>\#[^\n]*|&&|\|\||;;|[;|&\n(){}](?=\s|$)|[;|&\n()])
    |(?P<redirect>\d*(?:<<<|<<-?|>>|>\||<>|>&|<&|&>|[<>])[ \t]*(?:&?\d|[^\s;|&()]+)?)
    |(?P<word>(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|\$\([^()]*\)|\$\{[^{}]*\}|`[^`]*`|[^\s;|&()<>"`'\\]|.)
              (?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|\$\([^()]*\)|\$\{[^{}]*\}|`[^`]*`|[^\s;|&()<>"`'\\])*)
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"""\\(?P<escaped>.)|"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>[^']*)'""", re.DOTALL)
_INNER = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
# Words before a command that are not the program that does the work.
_BEFORE = {
    *("!", "if", "then", "else", "elif", "do", "while", "until", "time", "{", "}"),
    *("sudo", "exec", "env", "nice", "command", "nohup", "eatmydata"),
}
SHELL = re.compile("sh|bash|dash|ash")
_DEEPEST = 5

Command = tuple[str, ...]


def read_commands(text: str, values: Mapping[str, str] | None = None, *, depth: int = 0) -> list[Command]:
    """The simple commands of a shell text, the program first, quotes removed.

    Assignments, redirections, comments and words such as ``exec`` are left out; what ``$(…)`` and ``sh -c``
    run are commands too. ``values`` are put in for variables; others stay as written.
    """
    found: list[Command] = []
    words: list[str] = []
    for match in _TOKEN.finditer(text.replace("\\\n", " ")):
        if match["word"]:
            words.append(_expand(match["word"], values or {}))
            found += _inner(match["word"], values, depth)
        elif match["end"] is not None:
            found += _command(words, values, depth)
            words = []
    return found + _command(words, values, depth)


def read_argv(words: Command, values: Mapping[str, str] | None = None) -> list[Command]:
    """The commands of an argument vector (the JSON form): its own, and those that ``sh -c`` runs."""
    return _command([_substitute(word, values or {}) for word in words], values, 0)


def program_of(command: Command) -> str:
    """The name of a command's program without its directory."""
    return command[0].rpartition("/")[2]


def _command(words: list[str], values: Mapping[str, str] | None, depth: int) -> list[Command]:
    rest = list(_without_prefix(words))
    if not rest:
        return []
    command = tuple(rest)
    if SHELL.fullmatch(program_of(command)) and depth < _DEEPEST:
        return [command, *_run_by_shell(command, values, depth)]
    return [command]


def _without_prefix(words: list[str]) -> Iterator[str]:
    begun = False
    for word in words:
        if begun or not (word in _BEFORE or word.startswith("-") or _ASSIGNMENT.fullmatch(word)):
            begun = True
            yield word


def _run_by_shell(command: Command, values: Mapping[str, str] | None, depth: int) -> list[Command]:
    flags = [index for index, word in enumerate(command) if re.fullmatch(r"-[a-z]*c", word)]
    script = command[flags[0] + 1 : flags[0] + 2] if flags else ()
    return read_commands(script[0], values, depth=depth + 1) if script else []


def _inner(word: str, values: Mapping[str, str] | None, depth: int) -> list[Command]:
    if word.startswith("'") or depth >= _DEEPEST:
        return []
    texts = [match[1] or match[2] or "" for match in _INNER.finditer(word)]
    return [command for text in texts for command in read_commands(text, values, depth=depth + 1)]


def _expand(word: str, values: Mapping[str, str]) -> str:
    """Without quotes, and with the values of variables that single quotes do not protect."""
    parts: list[str] = []
    position = 0
    for match in _QUOTED.finditer(word):
        parts.append(_substitute(word[position : match.start()], values))
        parts.append(_unquoted(match, values))
        position = match.end()
    return "".join([*parts, _substitute(word[position:], values)])


def _unquoted(match: re.Match[str], values: Mapping[str, str]) -> str:
    if match["double"] is not None:
        return _substitute(re.sub(r'\\(["\\$`])', r"\1", match["double"]), values)
    return match["single"] if match["single"] is not None else match["escaped"]


def _substitute(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1] or match[2], match[0]), text)
