"""Which paths a pattern means, for builds, include and exclude lists, and glob: as moby has it.

``*`` and ``?`` stay within one part of a path, ``**`` spans any number of parts, ``[a-z]`` is a class, ``\\``
takes the next character as it is, ``!`` turns a pattern round, and the last one that matches a path or one of
its parents decides.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.errors import EngineError
from pipeline.local.tree import Kind, Tree
from pipeline.patterns import Ignore, Matches, Pattern, read_pattern

WILD = re.compile(r"[*?\[\\]")


def whole(pattern: str) -> Matches:
    """Whether a clean pattern means a whole path. Raises EngineError where it is none."""
    matches = read_pattern(pattern)
    if matches is None:
        raise EngineError(f"syntax error in pattern {pattern!r}")
    return matches


def matcher(patterns: Iterable[str]) -> Matches:
    """Whether clean patterns mean a path or a parent of it."""
    turned = [(text.removeprefix("!"), text.startswith("!")) for text in patterns]
    return Ignore(tuple(Pattern(text, keeps, 0, whole(text)) for text, keeps in turned)).is_ignored


def cleaned(pattern: str) -> str:
    """Without leading ``/`` and ``./``, trailing ``/`` and ``..``, as Go's Clean leaves it; ``!`` stays."""
    text = pattern.strip()
    parts: list[str] = []
    for part in text.removeprefix("!").split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in {"", ".", ".."}:
            parts.append(part)
    return "!" * text.startswith("!") + "/".join(parts)


def with_parents(path: str) -> Iterator[str]:
    """``a/b/c`` gives ``a/b/c``, ``a/b`` and ``a``."""
    while path:
        yield path
        path = path.rpartition("/")[0]


@dataclass(frozen=True)
class Filter:
    """What an include pattern names (everything, if there is none) and no exclude pattern; all are clean."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @cached_property
    def _included(self) -> Matches:
        return matcher(self.include) if self.include else lambda _path: True

    @cached_property
    def _excluded(self) -> Matches:
        return matcher(self.exclude)

    def takes(self, path: str) -> bool:
        """Is this path taken for its own sake."""
        return self._included(path) and not self._excluded(path)

    def enters(self, path: str) -> bool:
        """Can there be anything in this directory that is taken: False saves reading it."""
        if self._excluded(path) and not any(pattern.startswith("!") for pattern in self.exclude):
            return False
        return self._included(path) or any(_may_lie_in(path, pattern) for pattern in self.include)


def _may_lie_in(path: str, pattern: str) -> bool:
    """Can a match of the pattern lie under this directory: compares as far as the pattern is literal."""
    for wanted, part in zip(pattern.removeprefix("!").split("/"), path.split("/"), strict=False):
        if WILD.search(wanted):
            return True
        if wanted != part:
            return False
    return True


def filtered(tree: Tree, takes: Matches) -> Tree:
    """What is taken of a tree, and the directories that it lies in."""
    needed = {parent for path in tree.entries if takes(path) for parent in with_parents(path)}
    return Tree({path: tree.entries[path] for path in tree.paths if path in needed})


def select(
    tree: Tree, *, include: Sequence[str] = (), exclude: Sequence[str] = (), follow: Sequence[str] = ()
) -> Tree:
    """What BuildKit asks for: patterns that it has cleaned, and paths whose links are followed."""
    wanted = Filter(tuple(include), tuple(exclude))
    roots = follow_links(tree, follow) if follow else {""}
    if "" not in roots:
        return filtered(tree, lambda path: wanted.takes(path) and not roots.isdisjoint(with_parents(path)))
    return filtered(tree, wanted.takes) if include or exclude else tree


def follow_links(tree: Tree, paths: Iterable[str]) -> set[str]:
    """``paths`` (wildcards allowed) and what their symlinks lead to; "" stands for the whole tree."""
    children: dict[str, list[str]] = {}
    for path in tree.entries:
        children.setdefault(posixpath.dirname(path), []).append(path)
    found: set[str] = set()
    seen: set[str] = set()
    pending = [_within(path) for path in paths]
    while pending:
        path = pending.pop()
        if path not in seen:
            seen.add(path)
            found.update(_walk(tree, children, path, pending))
    return found


def _walk(tree: Tree, children: dict[str, list[str]], path: str, pending: list[str]) -> Iterator[str]:
    """What ``path`` reaches; where a link leads is put into ``pending``, with the rest of the path."""
    reached, rest = [""], path.split("/") if path else []
    while rest:
        part, *rest = rest
        candidates = [child for parent in reached for child in _matching(children, parent, part)]
        links = [each for each in candidates if _is_link(tree, each)]
        yield from links
        for link in links:
            target = posixpath.join("/", posixpath.dirname(link), tree.entries[link].content)
            pending.append(_within("/".join([target, *rest])))
        reached = [each for each in candidates if each not in links]
    yield from reached


def _is_link(tree: Tree, path: str) -> bool:
    return path in tree.entries and tree.entries[path].kind is Kind.SYMLINK


def _matching(children: dict[str, list[str]], parent: str, part: str) -> list[str]:
    if not WILD.search(part):
        return [posixpath.join(parent, part)]
    return [child for child in children.get(parent, ()) if whole(part)(posixpath.basename(child))]


def _within(path: str) -> str:
    return posixpath.normpath(f"/{path}").lstrip("/")
