"""Words of a Dockerfile: splitting, quotes and variables as BuildKit has them (frontend/dockerfile/shell)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[0-9]+|[@*#?\-$!]|[^\W\d]\w*")
_SPACES = re.compile(r"[\t\v\f\r\n ]+")
_DEEPEST = 50


@dataclass(frozen=True)
class Expanded:
    """A word after expansion; ``unknown`` are the variables without a value that it depends on."""

    text: str
    unknown: frozenset[str] = frozenset()
    problem: str = ""


class _BadWordError(Exception):
    """A word that BuildKit would refuse; never leaves this module."""


@dataclass
class _Scanner:
    text: str
    escape: str
    values: Mapping[str, str]
    unknown: set[str]
    position: int = 0
    depth: int = 0

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def take(self) -> str:
        character = self.peek()
        self.position += 1
        return character


def expand(word: str, values: Mapping[str, str], *, escape: str = "\\") -> Expanded:
    """Remove quotes and put in the variables' values; what BuildKit would refuse carries its problem."""
    if is_plain(word, escape):
        return Expanded(word)
    scanner = _Scanner(word, escape, values, set())
    try:
        text = _until(scanner, "")
    except _BadWordError as error:
        return Expanded(word, frozenset(scanner.unknown), str(error))
    return Expanded(text, frozenset(scanner.unknown))


def is_plain(word: str, escape: str) -> bool:
    """Whether nothing in a word is quoted, escaped or a variable."""
    return "$" not in word and not _has_quotes(word, escape)


def split_words(text: str) -> tuple[str, ...]:
    """Split at white space, as COPY, ADD, FROM and EXPOSE do: quotes mean nothing here."""
    return tuple(word for word in _SPACES.split(text) if word)


def split_quoted(text: str, *, escape: str = "\\") -> tuple[str, ...]:
    """Split at white space outside quotes, as ARG, ENV and LABEL do; quotes stay for `expand`."""
    if not _has_quotes(text, escape):
        return tuple(text.split())
    return tuple(_quoted_words(text, escape))


def is_closed(word: str, escape: str = "\\") -> bool:
    """Whether every quote in a word of `split_quoted` ends in it."""
    return not expand(word.replace("$", ""), {}, escape=escape).problem


def _has_quotes(text: str, escape: str) -> bool:
    return "'" in text or '"' in text or escape in text


def _quoted_words(text: str, escape: str) -> Iterator[str]:
    word, quote, position = "", "", 0
    while position < len(text):
        character = text[position]
        if character == escape and quote != "'" and position + 1 < len(text):
            word += text[position : position + 2]
            position += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace():
            if word:
                yield word
            word, character = "", ""
        word += character
        position += 1
    if word:
        yield word


def _until(scanner: _Scanner, stop: str) -> str:
    parts: list[str] = []
    while character := scanner.peek():
        if character == stop:
            scanner.take()
            return "".join(parts)
        parts.append(_piece(scanner, character))
    if stop:
        raise _BadWordError(f"{stop} is missing")
    return "".join(parts)


def _piece(scanner: _Scanner, character: str) -> str:
    if character == "'":
        return _single_quoted(scanner)
    if character == '"':
        return _double_quoted(scanner)
    if character == "$":
        return _variable(scanner)
    scanner.take()
    return scanner.take() if character == scanner.escape else character


def _single_quoted(scanner: _Scanner) -> str:
    scanner.take()
    end = scanner.text.find("'", scanner.position)
    if end < 0:
        raise _BadWordError("a single quote is not closed")
    text = scanner.text[scanner.position : end]
    scanner.position = end + 1
    return text


def _double_quoted(scanner: _Scanner) -> str:
    scanner.take()
    parts: list[str] = []
    while character := scanner.peek():
        if character == '"':
            scanner.take()
            return "".join(parts)
        if character == "$":
            parts.append(_variable(scanner))
            continue
        scanner.take()
        escaped = character == scanner.escape and scanner.peek() in ('"', "$", scanner.escape)
        parts.append(scanner.take() if escaped else character)
    raise _BadWordError("a double quote is not closed")


def _variable(scanner: _Scanner) -> str:
    scanner.take()
    if scanner.peek() != "{":
        name = _name(scanner)
        return _value(scanner, name) or "" if name else "$"
    scanner.take()
    name = _name(scanner)
    if not name:
        raise _BadWordError("bad substitution")
    scanner.depth += 1
    if scanner.depth > _DEEPEST:
        raise _BadWordError("substitutions are nested too deeply")
    text = _modified(scanner, name)
    scanner.depth -= 1
    return text


def _modified(scanner: _Scanner, name: str) -> str:
    modifier = scanner.take()
    if modifier == "}":
        return _value(scanner, name) or ""
    null_is_unset = modifier == ":"
    if null_is_unset:
        modifier = scanner.take()
    if modifier not in ("-", "+", "?"):
        return _unsupported(scanner, name, modifier)
    before = set(scanner.unknown)
    word = _until(scanner, "}")
    value = scanner.values.get(name)
    is_set = value is not None and not (null_is_unset and value == "")
    if modifier == "?" and not is_set:
        raise _BadWordError(f"{name}: {word or 'is not allowed to be unset'}")
    uses_word = is_set if modifier == "+" else not is_set
    if not uses_word:
        # NB: what the unused word depends on does not matter.
        scanner.unknown.clear()
        scanner.unknown.update(before)
    if value is None:
        scanner.unknown.add(name)
    if modifier == "+":
        return word if is_set else ""
    return value if is_set and value is not None else word


def _unsupported(scanner: _Scanner, name: str, modifier: str) -> str:
    """``${x#a}``, ``${x%a}``, ``${x/a/b}``: not every frontend knows them, so the value counts as unknown."""
    if modifier not in ("#", "%", "/"):
        raise _BadWordError(f"unsupported modifier {modifier} in a substitution")
    _until(scanner, "}")
    scanner.unknown.add(name)
    return scanner.values.get(name, "")


def _name(scanner: _Scanner) -> str:
    match = _NAME.match(scanner.text, scanner.position)
    if match is None:
        return ""
    scanner.position = match.end()
    return match[0]


def _value(scanner: _Scanner, name: str) -> str | None:
    value = scanner.values.get(name)
    if value is None:
        scanner.unknown.add(name)
    return value
