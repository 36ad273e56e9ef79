"""Requirements as pip takes them: on its command line and in requirements files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?:\(?(?P<versions>[=~!<>][^;@()]*)\)?)?\s*(?:@\s*(?P<url>\S+))?\s*(?:;.*)?"
)
_EXACT = re.compile(r"={2,3}\s*([^\s,;*]+)")
_WHEEL = re.compile(r"([A-Za-z0-9_.]+)-([0-9][^-/]*)-[^/]+\.whl")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_HASH = re.compile(r"\s--hash[= ]\S+")
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One requirement: ``name`` is normal (PEP 503), ``version`` set where it is pinned exactly."""

    name: str
    version: str = ""
    extras: str = ""


def normal_name(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def read_requirement(text: str) -> Requirement | None:
    """``name[extra]==1.0`` or a wheel's path or address; None where it is none, or depends on a variable."""
    text = text.strip()
    wheel = _WHEEL.search(text)
    if wheel is not None:
        return Requirement(name=normal_name(wheel[1]), version=wheel[2].replace("%2B", "+"))
    match = _REQUIREMENT.fullmatch(text)
    if match is None or "$" in text.partition(";")[0]:
        return None
    exact = _EXACT.fullmatch((match["versions"] or "").strip())
    return Requirement(
        name=normal_name(match["name"]), version=exact[1] if exact else "", extras=match["extras"] or ""
    )


def requirement_rows(text: str) -> Iterator[tuple[int, str]]:
    """The logical lines of a requirements file with their numbers; comments and hashes are left out."""
    parts: list[str] = []
    first = 0
    for number, row in enumerate([*text.splitlines(), ""], start=1):
        first = first or number
        bare = _COMMENT.sub("", row).rstrip()
        parts.append(bare.removesuffix("\\"))
        if not bare.endswith("\\"):
            cleaned = _HASH.sub("", "".join(parts)).strip()
            if cleaned:
                yield first, cleaned
            parts, first = [], 0
