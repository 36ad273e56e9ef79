"""From a Dockerfile's text to its logical lines: comments, continuations, parser directives, here-documents.

As BuildKit's parser (frontend/dockerfile/parser/parser.go), but a mistake becomes a problem with its line and
the reading goes on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.dockerfile.words import is_closed, split_quoted

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = {"syntax", "escape", "check"}
_BLANK = "\0"  # stands for blanks between << and its word
_SPACED = re.compile(r"(<<-?)[ \t\r]+(?=[^<\s])")
_HEREDOC = re.compile(rf"\d*<<(-?+)({_BLANK}?)([^<{_BLANK}]+)")
_QUOTES = re.compile(r"[\"'\\]")
_TAKES_HEREDOCS = re.compile(r"(?:ONBUILD\s+)?(?:ADD|COPY|RUN)\s", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """Something in a Dockerfile that cannot be understood; ``line`` counts from 1."""

    line: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Heredoc:
    """The text of a here-document; ``expand`` is false where its word was quoted."""

    name: str
    text: str
    expand: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """One instruction as text, with the first and last line it stands on, counted from 1."""

    text: str
    first: int
    last: int
    heredocs: tuple[Heredoc, ...] = ()


@dataclass
class Reading:
    """What is known while the lines are read."""

    rows: list[str]
    directives: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[Problem] = field(default_factory=list[Problem])
    position: int = 0

    @property
    def escape(self) -> str:
        """The character that continues a line."""
        return "`" if self.directives.get("escape") == "`" else "\\"


def read_lines(text: str) -> tuple[tuple[Line, ...], Reading]:
    """All logical lines, and with them the directives and problems."""
    rows = text.removeprefix("\ufeff").split("\n")
    rows = rows[:-1] if rows[-1] == "" else rows
    reading = Reading(rows)
    _read_directives(reading)
    return tuple(_logical_lines(reading)), reading


def _read_directives(reading: Reading) -> None:
    """Directives stand before everything else; the first line that is none ends them."""
    for index, row in enumerate(reading.rows):
        match = _DIRECTIVE.fullmatch(row.strip())
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            return
        if name in reading.directives:
            reading.problems.append(Problem(index + 1, f"only one {name} directive can be used"))
        elif name == "escape" and match[2] not in ("\\", "`"):
            reading.problems.append(Problem(index + 1, f"the escape character is \\ or `, not {match[2]}"))
        reading.directives.setdefault(name, match[2])


def _logical_lines(reading: Reading) -> Iterator[Line]:
    # NB: as in newer BuildKits, a doubled escape character at the end does not continue the line.
    escape = re.escape(reading.escape)
    continued = re.compile(rf"(?:^|(?<=[^{escape}])){escape}[ \t]*$")
    while reading.position < len(reading.rows):
        first = reading.position
        row = reading.rows[first].rstrip("\r").lstrip()
        reading.position += 1
        if not row or row.startswith("#"):
            continue
        text = _join(row, continued, reading).strip()
        heredocs = tuple(_heredocs(text, reading)) if "<<" in text else ()
        yield Line(text=text, first=first + 1, last=reading.position, heredocs=heredocs)


def _join(row: str, continued: re.Pattern[str], reading: Reading) -> str:
    parts: list[str] = []
    while match := continued.search(row):
        parts.append(row[: match.start()])
        row = ""
        while reading.position < len(reading.rows):
            row = reading.rows[reading.position].rstrip("\r")
            reading.position += 1
            if row.strip() and not row.lstrip().startswith("#"):
                break
            row = ""
    return "".join([*parts, row])


def _heredocs(text: str, reading: Reading) -> Iterator[Heredoc]:
    if not _TAKES_HEREDOCS.match(text):
        return
    # NB: BuildKit looks for them with \\ as the escape character, whatever the directive says.
    words = split_quoted(_SPACED.sub(rf"\1{_BLANK}", text))
    for word in words if is_closed(words[-1]) else ():
        match = _HEREDOC.fullmatch(word)
        name = _QUOTES.sub("", match[3]) if match else ""
        if match and name and (not match[2] or _has_end(name, reading)):
            body = _heredoc_body(name, chomp=bool(match[1]), reading=reading)
            yield Heredoc(name=name, text=body, expand=name == match[3])


def _has_end(name: str, reading: Reading) -> bool:
    """NB: ``<< EOF`` is a here-document since BuildKit 0.22; ``$((1 << 3))`` shall be none."""
    return any(row.strip("\t\r") == name for row in reading.rows[reading.position :])


def _heredoc_body(name: str, *, chomp: bool, reading: Reading) -> str:
    start = reading.position
    body: list[str] = []
    while reading.position < len(reading.rows):
        row = reading.rows[reading.position]
        reading.position += 1
        row = row.lstrip("\t") if chomp else row
        if row.rstrip("\r") == name:
            return "".join(f"{line}\n" for line in body)
        body.append(row)
    reading.problems.append(Problem(start, f"the here-document {name} is not ended"))
    return "".join(f"{line}\n" for line in body)
