"""The rules of .gitignore files (gitignore(5))."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pipeline.local.engine.globs import compiled

Ignores = Callable[[str, bool], bool]  # path, is it a directory


@dataclass(frozen=True)
class Rule:
    """One line: ``turned`` for ``!``, ``directories`` for a trailing ``/``; matches paths relative to its
    file."""

    pattern: re.Pattern[str]
    turned: bool
    directories: bool


def ignored(texts: Mapping[str, str]) -> Ignores:
    """Is a path (relative; the flag says whether it is a directory) ignored by .gitignore files, given by
    directory.

    What lies in an ignored directory is for the caller to leave out: git never looks into it.
    """
    rules = {where: tuple(_rules(text)) for where, text in texts.items()}

    def is_ignored(path: str, is_directory: bool, /) -> bool:  # noqa: FBT001
        verdict = False
        for where in _directories(path):
            name = path[len(where) + 1 :] if where else path
            for rule in rules.get(where, ()):
                if (is_directory or not rule.directories) and rule.pattern.fullmatch(name):
                    verdict = not rule.turned
        return verdict

    return is_ignored


def _directories(path: str) -> Iterator[str]:
    """The directories above a path, outermost first: the last rule that matches decides."""
    yield ""
    for at, char in enumerate(path):
        if char == "/":
            yield path[:at]


def _rules(text: str) -> Iterator[Rule]:
    for line in text.splitlines():
        stripped = re.sub(r"(?<!\\) +$", "", line)
        if not stripped or stripped.startswith("#"):
            continue
        turned = stripped.startswith("!")
        body = stripped[1:] if turned else stripped
        directories, body = body.endswith("/"), body.rstrip("/")
        if not body:
            continue
        anchored = "/" in body
        body = body.lstrip("/")
        yield Rule(compiled(body if anchored else f"**/{body}"), turned, directories)
