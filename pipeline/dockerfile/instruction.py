"""One instruction of a Dockerfile: its flags, its words or JSON, its here-documents.

As BuildKit's parser (frontend/dockerfile/parser), which tests hold it against. Never fails: what BuildKit
would refuse is found by `syntax`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.dockerfile.lines import Heredoc, Line
from pipeline.dockerfile.words import split_quoted, split_words

_KEYWORD = re.compile(r"[^\t\v\f\r ]+")
_BLANKS = re.compile(r"[\t\v\f\r ]+")
_SPACE = re.compile(r"\s*")
_TAKES_JSON = {"ADD", "COPY", "CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"}
_QUOTED_WORDS = {"ARG", "ENV", "LABEL"}


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction.

    ``keyword`` is upper-case; ``flags`` are (name, value) as written, quotes removed; ``text`` is what
    follows them; ``words`` is that text split, or the strings of the JSON form (of a HEALTHCHECK with the
    word CMD before them).
    """

    keyword: str
    line: int
    last_line: int
    flags: tuple[tuple[str, str], ...] = ()
    text: str = ""
    words: tuple[str, ...] = ()
    is_json: bool = False
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str:
        """The last value of a flag, or empty."""
        return next((value for key, value in reversed(self.flags) if key == name), "")

    @property
    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """Of an ENV or LABEL: name, value as written, and what joins them: ``=``, or nothing (old form)."""
        if self.words and "=" not in self.words[0]:
            name, value = (*_BLANKS.split(self.text, maxsplit=1), "")[:2]
            yield name, value, ""
            return
        for word in self.words:
            name, _, value = word.partition("=")
            yield name, value, "="


def read_instruction(line: Line, escape: str) -> Instruction:
    """The instruction that a logical line holds."""
    keyword = match[0] if (match := _KEYWORD.match(line.text)) else ""
    rest = line.text[len(keyword) :].strip()
    flags, rest = _split_flags(rest)
    keyword = keyword.upper()
    strings = _strings(keyword, rest)
    words = strings if strings is not None else _words(keyword, rest, escape)
    return Instruction(
        keyword=keyword,
        line=line.first,
        last_line=line.last,
        flags=tuple(_flag(each) for each in flags),
        text=rest,
        words=words,
        is_json=strings is not None,
        heredocs=line.heredocs,
    )


def read_trigger(
    text: str, *, line: int, escape: str = "\\", heredocs: tuple[Heredoc, ...] = ()
) -> Instruction:
    """The instruction that an ONBUILD holds (``COPY . /app``), as if it stood at ``line``."""
    return read_instruction(Line(text=text.strip(), first=line, last=line, heredocs=heredocs), escape)


def read_strings(text: str) -> tuple[object, ...] | None:
    """The items of a JSON array, or None where the text is none."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(value) if isinstance(value, list) else None


def _strings(keyword: str, text: str) -> tuple[str, ...] | None:
    """The JSON form as words, or None where it is another form."""
    if keyword == "HEALTHCHECK":
        kind, command = (*_BLANKS.split(text, maxsplit=1), "")[:2]
        strings = _strings("CMD", command)
        return None if strings is None else (kind, *strings)
    items = read_strings(text) if keyword in _TAKES_JSON else None
    strings = tuple(item for item in items or () if isinstance(item, str))
    return strings if items is not None and len(strings) == len(items) else None


def _words(keyword: str, text: str, escape: str) -> tuple[str, ...]:
    return split_quoted(text, escape=escape) if keyword in _QUOTED_WORDS else split_words(text)


def _flag(word: str) -> tuple[str, str]:
    name, _, value = word[2:].partition("=")
    return name, value


def _split_flags(text: str) -> tuple[list[str], str]:
    """The words at the beginning that start with ``--``, quotes and escapes removed, and what follows."""
    flags: list[str] = []
    position = 0
    while text.startswith("--", position):
        word, position = _flag_word(text, position)
        if word == "--":
            break
        flags.append(word)
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]
    return flags, text[position:].strip()


def _flag_word(text: str, position: int) -> tuple[str, int]:
    r"""NB: the escape character is always \\, and unlike in a shell it counts in single quotes too."""
    word, quote = "", ""
    while position < len(text):
        character = text[position]
        if not quote and character.isspace():
            break
        position += 1
        if character == "\\":
            word += text[position : position + 1]
            position += 1
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        else:
            word += character
    return word, position
