"""Which entries of a tree BuildKit asks for: include and exclude patterns, paths with links followed.

The syntax is .dockerignore's (https://docs.docker.com/build/concepts/context/#dockerignore-files); BuildKit
reads the file itself and hands its cleaned patterns to the session.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from pipeline.local.tree import Entry, Kind, Tree
from pipeline.patterns import Ignore, Pattern, read_pattern


def select(
    tree: Tree, *, include: Sequence[str] = (), exclude: Sequence[str] = (), follow: Sequence[str] = ()
) -> tuple[str, ...]:
    """The paths to send, parents first, every parent of a path among them."""
    wanted = _within(follow_links(tree, follow)) if follow else _everything
    included = _within_patterns(include) if include else _everything
    excluded = excluder(exclude)
    if not (follow or include or exclude):
        return tree.paths
    chosen: set[str] = set()
    for path in tree.paths:
        if wanted(path) and included(path) and not excluded(path):
            chosen.add(path)
            chosen.update(_parents(path))
    return tuple(path for path in tree.paths if path in chosen)


def excluder(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path is excluded by patterns that are clean already, as planning decides it."""
    return Ignore(tuple(map(_pattern, patterns))).is_ignored


def _pattern(text: str) -> Pattern:
    body = text.removeprefix("!")
    # NB: BuildKit has refused a bad pattern before it hands the others over.
    return Pattern(body, text.startswith("!"), 0, read_pattern(body) or (lambda path: path == body))


def follow_links(tree: Tree, paths: Iterable[str]) -> frozenset[str]:
    """``paths`` (wildcards allowed) and what their symlinks lead to; "" stands for the whole tree."""
    children = _children(tree)
    found: set[str] = set()
    seen: set[str] = set()
    pending = [_clean(path) for path in paths]
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        found.update(_walk(tree.entries, children, path, pending))
    return frozenset(found)


def _walk(
    entries: Mapping[str, Entry], children: Mapping[str, list[str]], path: str, pending: list[str]
) -> set[str]:
    """What ``path`` reaches; where a link leads is put into ``pending``, with the rest of the path."""
    found: set[str] = set()
    reached = [""]
    parts = path.split("/") if path else []
    for position, part in enumerate(parts):
        candidates = [child for parent in reached for child in _matching(children, parent, part)]
        reached = []
        for candidate in candidates:
            entry = entries.get(candidate)
            if entry and entry.kind is Kind.SYMLINK:
                found.add(candidate)
                target = posixpath.join("/", posixpath.dirname(candidate), entry.content)
                pending.append(_clean("/".join([target, *parts[position + 1 :]])))
            else:
                reached.append(candidate)
    return found | set(reached)


def _matching(children: Mapping[str, list[str]], parent: str, part: str) -> list[str]:
    if not any(sign in part for sign in "*?["):
        return [f"{parent}/{part}" if parent else part]
    regex = _regex(part)
    return [child for child in children.get(parent, ()) if regex.fullmatch(child.rpartition("/")[2])]


def _children(tree: Tree) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for path in tree.entries:
        children.setdefault(path.rpartition("/")[0], []).append(path)
    return children


def _within(roots: frozenset[str]) -> Callable[[str], bool]:
    if "" in roots:
        return _everything
    return lambda path: path in roots or any(parent in roots for parent in _parents(path))


def _within_patterns(patterns: Iterable[str]) -> Callable[[str], bool]:
    regexes = [_regex(_clean(pattern)) for pattern in patterns]
    return lambda path: any(regex.fullmatch(part) for regex in regexes for part in (path, *_parents(path)))


def _everything(_path: str) -> bool:
    return True


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _clean(path: str) -> str:
    return posixpath.normpath("/" + path).lstrip("/")


_SET = {sign: f"\\{sign}" for sign in "\\[&|~"}  # what Python, and not Go, finds special within [...]


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    """One pattern as moby's patternmatcher reads it: ``**`` crosses directories, ``*`` and ``?`` do not."""
    out = []
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**"):
            out.append("(?:.*/)?" if rest[2:3] == "/" else ".*")
            position += 3 if rest[2:3] == "/" else 2
        elif rest[0] == "*":
            out.append("[^/]*")
            position += 1
        elif rest[0] == "?":
            out.append("[^/]")
            position += 1
        elif rest[0] == "[" and (end := rest.find("]", 2)) > 0:
            out.append(f"[{''.join(_SET.get(sign, sign) for sign in rest[1:end])}]")
            position += end + 1
        elif rest[0] == "\\" and len(rest) > 1:
            out.append(re.escape(rest[1]))
            position += 2
        else:
            out.append(re.escape(rest[0]))
            position += 1
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))
