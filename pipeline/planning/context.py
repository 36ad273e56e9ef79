"""The files of a context that COPY, ADD and bind mounts can read, after .dockerignore."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from pipeline.patterns import Ignore, character_class
from pipeline.planning.dockerignore import read_dockerignore
from pipeline.planning.reads import ContextRead
from pipeline.planning.sources import Located, Node, Sources, join

_WILDCARD = re.compile(r"[*?\[]")

Mode = Literal["644", "755", "symlink"]


@dataclass(frozen=True, order=True)
class ContextFile:
    """A file or link as git would know it.

    ``path`` is relative to the fleet's root; ``digest`` is 64 hex of the content, or a link's target.
    """

    path: str
    mode: Mode
    digest: str


@dataclass(frozen=True, kw_only=True)
class SourceReading:
    """What one source of a COPY comes to; ``private`` are paths that other users cannot read.

    ``missing`` where there is nothing at that path; ``ignored`` where .dockerignore drops all of it.
    """

    read: ContextRead
    files: tuple[str, ...] = ()
    is_pattern: bool = False
    missing: bool = False
    ignored: bool = False
    private: tuple[str, ...] = ()


@dataclass
class Context:
    """One build context with its .dockerignore; what was walked is kept."""

    sources: Sources
    folder: str
    ignore: Ignore
    _below: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def read(self, read: ContextRead) -> SourceReading:
        """Which files a source can mean."""
        path = _clean(read.path)
        is_pattern = _WILDCARD.search(path) is not None
        paths = _glob(self, path) if is_pattern else [path]
        located = [self.sources.locate(each, within=self.folder) for each in paths]
        links = [link for each in located for link in each.links if not self.ignores(self.inner(link))]
        found = dict.fromkeys([*links, *(below for each in located for below in self._walk(each))])
        files = tuple(each for each in found if not self._is_directory(each))
        exists = is_pattern or located[0].node is not None
        # NB: of a directory that is a source itself only the content arrives, not its mode.
        tops = {each.path for each in located if each.node is not None and each.node.kind == "directory"}
        return SourceReading(
            read=read,
            files=files,
            is_pattern=is_pattern,
            missing=not exists,
            ignored=exists and not is_pattern and not files and self.ignores(self.inner(located[0].path)),
            private=tuple(each for each in found if each not in tops and self._is_private(each)),
        )

    def inner(self, path: str) -> str:
        """A path below the fleet's root, as .dockerignore writes it: relative to the context."""
        return path[len(self.folder) :].lstrip("/") if self.folder else path

    def ignores(self, inner: str) -> bool:
        """Whether .dockerignore drops a path, given relative to the context."""
        return bool(inner) and self.ignore.is_ignored(inner)

    def _is_directory(self, path: str) -> bool:
        node = self.sources.node(path)
        return node is not None and node.kind == "directory"

    def _is_private(self, path: str) -> bool:
        node = self.sources.node(path)
        wanted = 0o005 if node and node.kind == "directory" else 0o004
        return node is not None and node.kind != "symlink" and node.mode & wanted != wanted

    def _walk(self, start: Located) -> tuple[str, ...]:
        """Files, links and directories at and below a path that are not ignored, parents first."""
        if start.path not in self._below:
            self._below[start.path] = tuple(self._walk_anew(self.inner(start.path), start.node))
        return self._below[start.path]

    def _walk_anew(self, inner: str, node: Node | None) -> Iterator[str]:
        waiting = [(inner, node)]
        while waiting:
            path, node = waiting.pop()
            if node is None or node.kind == "other":
                continue
            ignored = self.ignores(path)
            if not ignored and path:
                yield join(self.folder, path)
            if node.kind == "directory" and (not ignored or self.ignore.has_exceptions):
                names = self.sources.children(join(self.folder, path))
                children = [join(path, name) for name in reversed(names)]
                waiting.extend((child, self.sources.node(join(self.folder, child))) for child in children)


def open_context(sources: Sources, *, folder: str, dockerfile: str) -> Context:
    """The context in ``folder``; ``<Dockerfile>.dockerignore`` comes before ``.dockerignore``."""
    folder = "" if folder in (".", "./") else posixpath.normpath(folder)
    return Context(sources, folder, read_dockerignore(ignore_text(sources, folder, dockerfile)[1]))


def ignore_text(sources: Sources, folder: str, dockerfile: str) -> tuple[str, str]:
    """Path and text of the .dockerignore that holds for a Dockerfile; both empty where there is none."""
    for path in (f"{dockerfile}.dockerignore", join(folder, ".dockerignore")):
        text = sources.text(path)
        if text is not None:
            return path, text
    return "", ""


def context_files(sources: Sources, paths: Iterable[str]) -> tuple[ContextFile, ...]:
    """Mode and content of files, sorted; each once."""
    return tuple(sorted(_file(sources, path) for path in set(paths)))


def _file(sources: Sources, path: str) -> ContextFile:
    node = sources.node(path)
    if node is not None and node.kind == "symlink":
        return ContextFile(path, "symlink", node.target)
    # NB: git's rule: only the owner's x bit decides.
    is_program = node is not None and node.mode & 0o100
    return ContextFile(path, "755" if is_program else "644", sources.digest(path))


def _clean(path: str) -> str:
    """A source as BuildKit cleans it: absolute in the context, never out of it."""
    return posixpath.normpath(f"/{path.lstrip('/')}").lstrip("/")


def _glob(context: Context, pattern: str) -> Iterator[str]:
    """Paths that match, segment by segment: nothing matches a slash (Go's filepath.Match)."""
    found = [""]
    for segment in pattern.split("/"):
        matches = _segment(segment)
        found = [
            join(path, name)
            for path in found
            for name in context.sources.children(context.sources.locate(path, within=context.folder).path)
            if matches is not None and matches.fullmatch(name)
        ]
    yield from found


def _segment(segment: str) -> re.Pattern[str] | None:
    parts: list[str] = []
    position = 0
    while position < len(segment):
        character = segment[position]
        if character == "[":
            piece, position = character_class(segment, position)
            if piece is None:
                return None
            parts.append(piece)
            continue
        if character == "\\" and position + 1 < len(segment):
            position += 1
            parts.append(re.escape(segment[position]))
        else:
            parts.append({"*": ".*", "?": "."}.get(character) or re.escape(character))
        position += 1
    return re.compile("".join(parts), re.DOTALL)
