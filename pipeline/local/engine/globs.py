"""Which paths a pattern means: the patterns of .dockerignore files, include and exclude lists, and glob.

The rules are those of moby/patternmatcher: ``*`` and ``?`` stay within one part of a path, ``**`` spans any
number of parts, ``[a-z]`` is a class, ``\\`` takes the next character as it is, ``!`` turns a pattern round,
and the last one that matches a path or one of its parents decides.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from pipeline.local.engine.failures import QueryError

Matches = Callable[[str], bool]
WILD = re.compile(r"[*?\[\\]")


def cleaned(pattern: str) -> str:
    """A pattern without leading ``/``, ``./``, trailing ``/`` and ``..``, as Go's filepath.Clean leaves
    it."""
    parts: list[str] = []
    for part in pattern.strip().split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", ".", ".."}:
            parts.append(part)
    return "/".join(parts)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A whole-path matcher for one pattern (already `cleaned`, without ``!``)."""
    out, at = [], 0
    while at < len(pattern):
        text, at = _translated(pattern, at)
        out.append(text)
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        raise QueryError(f"syntax error in pattern {pattern!r}") from None


def _translated(pattern: str, at: int) -> tuple[str, int]:
    """The regular expression for what begins here, and where the rest begins."""
    if pattern.startswith("**", at):
        end = at + 3 if pattern.startswith("/", at + 2) else at + 2
        return (".*" if end >= len(pattern) else "(?:.*/)?"), end
    char = pattern[at]
    if char == "*":
        return "[^/]*", at + 1
    if char == "?":
        return "[^/]", at + 1
    if char == "\\" and at + 1 < len(pattern):
        return re.escape(pattern[at + 1]), at + 2
    if char == "[":
        return _class(pattern, at)
    return re.escape(char), at + 1


def _class(pattern: str, at: int) -> tuple[str, int]:
    end = pattern.find("]", at + 2)
    if end < 0:
        raise QueryError(f"syntax error in pattern {pattern!r}")
    body = (
        pattern[at + 1 : end]
        .replace("[", "\\[")
        .replace("&&", "&\\&")
        .replace("||", "|\\|")
        .replace("~~", "~\\~")
    )
    return f"(?!/)[{body}]", end + 1


def matcher(patterns: Sequence[str]) -> Matches:
    """Does a path, or a parent of it, match these patterns; the last that matches decides."""
    texts = [text.strip() for text in patterns if text.strip()]
    rules = [(text.startswith("!"), compiled(cleaned(text.removeprefix("!")))) for text in texts]

    def matches(path: str) -> bool:
        found, candidates = False, list(with_parents(path))
        for turned, rule in rules:
            if found == turned and any(map(rule.fullmatch, candidates)):
                found = not turned
        return found

    return matches


def with_parents(path: str) -> Iterable[str]:
    """``a/b/c`` gives ``a``, ``a/b`` and ``a/b/c``."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
    yield path


@dataclass(frozen=True)
class Filter:
    """What of a tree is taken: what an include pattern names (everything, if there is none) and no exclude
    pattern does."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @cached_property
    def _included(self) -> Matches:
        return matcher(self.include) if self.include else lambda _path: True

    @cached_property
    def _excluded(self) -> Matches:
        return matcher(self.exclude) if self.exclude else lambda _path: False

    def takes(self, path: str) -> bool:
        """Is this path taken for its own sake."""
        return self._included(path) and not self._excluded(path)

    def enters(self, path: str) -> bool:
        """Can there be anything in this directory that is taken: False saves reading it."""
        if self._excluded(path) and not any(pattern.strip().startswith("!") for pattern in self.exclude):
            return False
        return (
            not self.include or self._included(path) or any(_may_lie_in(path, item) for item in self.include)
        )


def _may_lie_in(path: str, pattern: str) -> bool:
    """Can a match of the pattern lie under this directory: compares as far as the pattern is literal."""
    for wanted, part in zip(
        cleaned(pattern.strip().removeprefix("!")).split("/"), path.split("/"), strict=False
    ):
        if WILD.search(wanted):
            return True
        if wanted != part:
            return False
    return True
