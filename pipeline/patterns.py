"""Ignore patterns as moby has them: planning and the local engine must mean the same files.

Source: https://github.com/moby/patternmatcher (compile, MatchesUsingParentResults), of the version that newer
BuildKits and a Dagger engine have. Docker 20.10's own client has an older one, in which a later ``!a`` takes
back what ``a/b`` ignored.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

Matches = Callable[[str], bool]

_CLASS = re.compile(r"\[(\^|(?!\^))((?:\\.|[^\]\\])+)\]", re.DOTALL)
_ESCAPED = set(".+()|{}$")
# NB: a pattern's \ goes into a regular expression, where before these letters it means what Python means.
_MEANT = set("afnrtvdDsSwWbBA")
_REFUSED = set("ceghijklmoquyFGHIJKLMNORTUVXYZ123456789")


@dataclass(frozen=True)
class Pattern:
    """One pattern, cleaned; ``keeps`` where it began with ``!``; ``line`` is where it stands, if anywhere."""

    text: str
    keeps: bool
    line: int
    matches: Matches = field(compare=False, repr=False)


@dataclass
class Ignore:
    """Patterns in their order, and what was found out about directories with them."""

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


def _verdict(patterns: tuple[Pattern, ...], results: tuple[bool, ...]) -> bool:
    ignored = False
    for pattern, matched in zip(patterns, results, strict=True):
        if matched:
            ignored = not pattern.keeps
    return ignored


@lru_cache(maxsize=4096)
def read_pattern(pattern: str) -> Matches | None:
    """How moby matches a cleaned pattern (without ``!``), or None where it refuses it."""
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
    """A regular expression, made character by character as moby makes it, within ``[…]`` too."""
    if not _is_valid(pattern):
        return None
    parts: list[str] = []
    position, within = 0, False
    while position < len(pattern):
        character = pattern[position]
        step = 1
        if pattern.startswith("**", position):
            step = 3 if pattern.startswith("**/", position) else 2
            parts.append(".*" if position + step >= len(pattern) else "(.*/)?")
        elif character == "\\":
            step = 2
            escaped = _after_backslash(pattern[position + 1])
            if escaped is None:
                return None
            parts.append(escaped)
        else:
            parts.append(_plain_piece(character, within=within))
        # NB: what stands for * and ? has brackets of its own; the last one ends whatever is open.
        within = (within or character == "[") and not (character in "]?" or (character == "*" and step == 1))
        position += step
    try:
        return re.compile("".join(parts), re.DOTALL | re.ASCII)
    except (re.error, RecursionError, OverflowError):
        return None


def _plain_piece(character: str, *, within: bool) -> str:
    if character == "*":
        return "[^/]*" if not within else "\\[^/]*"
    if character == "?":
        return "[^/]" if not within else "\\[^/]"
    if character == "[":
        return "\\[" if within else "["
    if character in _ESCAPED or (within and character in "&~"):
        return f"\\{character}"
    return character if character in "]^-" else re.escape(character)


def _after_backslash(character: str) -> str | None:
    if character in _REFUSED:
        return None
    if character == "z":
        return "\\Z"
    return f"\\{character}" if character in _MEANT else re.escape(character)


def _is_valid(pattern: str) -> bool:
    """Whether Go's filepath.Match takes it: every ``[`` ends, and something follows every ``\\``."""
    position = 0
    while position < len(pattern):
        if pattern[position] == "[":
            piece, position = character_class(pattern, position)
            if piece is None:
                return False
        elif pattern[position] == "\\":
            if position + 1 == len(pattern):
                return False
            position += 2
        else:
            position += 1
    return True


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
