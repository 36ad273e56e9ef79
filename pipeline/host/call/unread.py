"""What of a fleet's folder no build can read: it is neither copied nor hashed, as with `docker build`."""

import os
import posixpath
import stat
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.patterns import Ignore
from pipeline.planning.context import ignore_text
from pipeline.planning.dockerfile import Dockerfile
from pipeline.planning.dockerignore import read_dockerignore
from pipeline.planning.sources import Sources

_LARGE = 1 << 20  # bytes: a smaller file is not worth a pattern of its own
_SPECIAL = frozenset("*?[]\\!#")


@dataclass(frozen=True, kw_only=True)
class _Fleet:
    """Contexts ("" is the root) with what their .dockerignore says, and files that are read all the same.

    ``named`` is the text of what Dockerfiles name as sources.
    """

    contexts: tuple[tuple[str, Ignore], ...]
    read: frozenset[str]
    named: str


def unread(folder: Path, catalog: str, *, ignore: Sequence[str] = ()) -> tuple[str, ...]:
    """Patterns for the folders, large files, sockets and pipes that .dockerignore drops from every context.

    What a Dockerfile names (lint says that it is ignored), or a ``!`` might bring back, is left alone, and
    everything where there is no sound catalog. ``ignore`` is what is left out anyway.
    """
    fleet = _fleet(folder, catalog)
    names = {each.removeprefix("**/") for each in ignore}
    return tuple(_dropped_below(folder, fleet, names)) if fleet else ()


def _fleet(folder: Path, catalog: str) -> _Fleet | None:
    sources = Sources(folder)
    contexts: dict[tuple[str, str], Ignore] = {}
    units = _units(folder / catalog)
    for dockerfile, context in units:
        path, text = ignore_text(sources, context, dockerfile)
        contexts[context, path] = read_dockerignore(text)
    if not any(found.patterns for found in contexts.values()):
        return None
    dockerfiles = {dockerfile for dockerfile, _ in units}
    return _Fleet(
        contexts=tuple((context, found) for (context, _), found in contexts.items()),
        read=frozenset({catalog, *dockerfiles, *(path for _, path in contexts)}),
        named="\n".join(text for each in dockerfiles for text in _named(sources.dockerfile(each))),
    )


def _named(dockerfile: Dockerfile) -> Iterator[str]:
    """What the instructions read of the context, as text."""
    for step in dockerfile.instructions:
        if step.keyword == "ONBUILD" or (step.keyword in ("COPY", "ADD") and not step.flag("from")):
            yield step.text
        yield from (value for name, value in step.flags if name == "mount" and "from=" not in value)


def _units(catalog: Path) -> list[tuple[str, str]]:
    """Dockerfile and context of all that is built; nothing of a catalog that is not as it should be."""
    try:
        tables = tomllib.loads(catalog.read_text(encoding="utf-8"))
        units = [each for kind in ("families", "images") for each in tables.get(kind, {}).values()]
        pairs = [(each["dockerfile"], each.get("context", ".")) for each in units if "dockerfile" in each]
        return [(posixpath.normpath(one), _inner(posixpath.normpath(other))) for one, other in pairs]
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return []


def _inner(path: str) -> str:
    return "" if path == "." else path


def _dropped_below(folder: Path, fleet: _Fleet, names: set[str]) -> Iterator[str]:
    waiting = [""]
    while waiting:
        path = waiting.pop()
        try:
            items = list(os.scandir(folder / path))
        except OSError:  # the engine tells
            continue
        for item in items:
            inner = f"{path}/{item.name}" if path else item.name
            if item.is_dir(follow_symlinks=False):
                if item.name in names:
                    continue
                if _is_dropped(inner, item.name, fleet):
                    yield f"{inner}/**"
                else:
                    waiting.append(inner)
            elif _is_dear(item) and _is_dropped(inner, item.name, fleet):
                yield inner


def _is_dear(item: os.DirEntry[str]) -> bool:
    try:
        found = item.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return False
    return not stat.S_ISLNK(found.st_mode) and (found.st_size > _LARGE or not stat.S_ISREG(found.st_mode))


def _is_dropped(path: str, name: str, fleet: _Fleet) -> bool:
    if _SPECIAL & {*path} or name in fleet.named or any(_is_in(read, path) for read in fleet.read):
        return False
    if any(_is_in(context, path) for context, _ in fleet.contexts):
        return False
    around = [(context, ignore) for context, ignore in fleet.contexts if _is_in(path, context)]
    return bool(around) and all(
        not ignore.has_exceptions and ignore.is_ignored(path.removeprefix(f"{context}/") if context else path)
        for context, ignore in around
    )


def _is_in(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
