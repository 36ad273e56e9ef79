"""Which files of a context are ignored: as moby's ignorefile and patternmatcher decide while walking.

Source: https://github.com/moby/patternmatcher (ReadAll, MatchesUsingParentResults).
"""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

Matches = Callable[[str], bool]

_SIMPLE = {"*": "[^/]*", "?": "[^/]"}
_CLASS = re.compile(r"\[(\^|(?!\^))((?:\\.|[^\]\\])+)\]", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """One line of a .dockerignore; ``keeps`` where it begins with ``!``."""

    text: str
    keeps: bool
    line: int
    matches: Matches = field(compare=False, repr=False)


@dataclass
class Ignore:
    """The patterns of one .dockerignore, and what was found out about directories with them."""

    patterns: tuple[Pattern, ...] = ()
    bad_lines: tuple[int, ...] = ()
    _directories: dict[str, tuple[bool, ...]] = field(default_factory=dict[str, tuple[bool, ...]])

    def is_ignored(self, path: str) -> bool:
        """Whether the file or directory at this path ("a/b", relative to the context) is left out."""
        return _verdict(self.patterns, self._results(path))

    @property
    def has_exceptions(self) -> bool:
        """Whether something in an ignored directory might not be ignored."""
        return any(pattern.keeps for pattern in self.patterns)

    def _results(self, path: str) -> tuple[bool, ...]:
        """Per pattern whether it matched the path or, as far as it was asked, a parent of it."""
        results = (False,) * len(self.patterns)
        for end in (*(i for i, character in enumerate(path) if character == "/"), len(path)):
            prefix = path[:end]
            known = self._directories.get(prefix)
            results = self._match(prefix, results) if known is None else known
            self._directories[prefix] = results
        return results

    def _match(self, path: str, inherited: tuple[bool, ...]) -> tuple[bool, ...]:
        results: list[bool] = []
        ignored = False
        for pattern, already in zip(self.patterns, inherited, strict=True):
            # NB: moby does not ask a pattern that could change nothing, and so does not pass its match on to
            # what lies below. That shows in results ("a/b", "!a" ignores a/b), and is repeated here.
            matched = already or (pattern.keeps == ignored and pattern.matches(path))
            results.append(matched)
            if matched:
                ignored = not pattern.keeps
        return tuple(results)


def read_dockerignore(text: str) -> Ignore:
    """Patterns of a .dockerignore; lines that moby would refuse are in ``bad_lines`` and match nothing."""
    patterns: list[Pattern] = []
    bad: list[int] = []
    for number, row in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        cleaned = _clean(row.removesuffix("\r"))
        if cleaned is None:
            continue
        keeps = cleaned.startswith("!")
        body = cleaned.removeprefix("!") if keeps else cleaned
        matches = _matcher(body) if body else None
        if matches is None:
            bad.append(number)
        else:
            patterns.append(Pattern(body, keeps, number, matches))
    return Ignore(tuple(patterns), tuple(bad))


def _verdict(patterns: tuple[Pattern, ...], results: tuple[bool, ...]) -> bool:
    ignored = False
    for pattern, matched in zip(patterns, results, strict=True):
        if matched:
            ignored = not pattern.keeps
    return ignored


def _clean(row: str) -> str | None:
    """A line without comment, white space and leading slash; ``!`` stays. None where there is nothing."""
    text = "" if row.startswith("#") else row.strip()
    if not text:
        return None
    keeps = text.startswith("!")
    body = text.removeprefix("!").strip() if keeps else text
    if body:
        # NB: normpath keeps two leading slashes (POSIX), Go's Clean does not.
        body = posixpath.normpath(re.sub(r"/+", "/", body))
        body = body[1:] if len(body) > 1 and body.startswith("/") else body
    return f"!{body}" if keeps else body


def _matcher(pattern: str) -> Matches | None:
    """How moby matches a cleaned pattern, or None where it refuses it."""
    if pattern.startswith("**") and _is_plain(pattern[2:]) and len(pattern) > 2:
        return _suffix(pattern[2:])
    if pattern.endswith("**") and _is_plain(pattern[:-2]):
        return _prefix(pattern[:-2])
    if _is_plain(pattern):
        return lambda path: path == pattern
    expression = _expression(pattern)
    return None if expression is None else (lambda path: expression.fullmatch(path) is not None)


def _is_plain(text: str) -> bool:
    return not any(character in text for character in "*?[]\\")


def _suffix(suffix: str) -> Matches:
    bare = suffix[1:] if suffix.startswith("/") else None
    return lambda path: path.endswith(suffix) or path == bare


def _prefix(prefix: str) -> Matches:
    return lambda path: path.startswith(prefix)


def _expression(pattern: str) -> re.Pattern[str] | None:
    """A regular expression for Go's filepath.Match syntax with ``**`` added."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        piece, position = _piece(pattern, position)
        if piece is None:
            return None
        parts.append(piece)
    try:
        return re.compile("".join(parts), re.DOTALL)
    except (re.error, RecursionError, OverflowError):
        return None


def _piece(pattern: str, position: int) -> tuple[str | None, int]:
    character = pattern[position]
    if pattern.startswith("**", position):
        after = position + (3 if pattern.startswith("**/", position) else 2)
        return (".*" if after >= len(pattern) else "(?:.*/)?"), after
    if character == "[":
        return character_class(pattern, position)
    if character == "\\":
        escaped = pattern[position + 1 : position + 2]
        return (re.escape(escaped) if escaped else None), position + 2
    return _SIMPLE.get(character) or re.escape(character), position + 1


def character_class(pattern: str, position: int) -> tuple[str | None, int]:
    """``[a-z]`` or ``[^a-z]`` of Go's filepath.Match as a regular expression, and where it ends."""
    match = _CLASS.match(pattern, position)
    if match is None:
        return None, len(pattern)
    return _class_body(match[1], match[2]), match.end()


def _class_body(negation: str, body: str) -> str | None:
    literals = re.findall(r"\\.|.", body, re.DOTALL)
    parts: list[str] = []
    index = 0
    while index < len(literals):
        low = literals[index][-1]
        is_range = index + 2 < len(literals) and literals[index + 1] == "-"
        high = literals[index + 2][-1] if is_range else low
        if literals[index] == "-" or (is_range and literals[index + 2] == "-") or low > high:
            return None
        parts.append(f"{re.escape(low)}-{re.escape(high)}")
        index += 3 if is_range else 1
    return f"[{negation}{''.join(parts)}]"
