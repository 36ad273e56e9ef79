"""The patterns of a .dockerignore, cleaned as moby's ignorefile cleans them.

Source: https://github.com/moby/patternmatcher (ignorefile.ReadAll).
"""

import posixpath
import re

from pipeline.patterns import Ignore, Pattern, read_pattern


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
        matches = read_pattern(body) if body else None
        if matches is None:
            bad.append(number)
        else:
            patterns.append(Pattern(body, keeps, number, matches))
    return Ignore(tuple(patterns), tuple(bad))


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
    # NB: moby takes white space away once more when lines become patterns: "/ a" ignores "a".
    return (f"!{body}" if keeps else body).strip() or None
