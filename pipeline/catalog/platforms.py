"""Platforms as images name them, ``os/architecture[/variant]``, in the one form that is compared."""

import re
from collections.abc import Collection, Iterable

from pipeline.catalog.mistakes import nearest

USUAL = "linux/amd64"
"""What a fleet is for that says nothing."""

_FORM = re.compile(r"[a-z0-9]+/[a-z0-9_-]+(?:/[a-z0-9]+)?")
# What Linux runs on and images are made for, by Go's names (image-spec 1.1, config.md, "architecture").
_KNOWN = (
    *("linux/386", "linux/amd64", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm64"),
    *("linux/loong64", "linux/mips64le", "linux/ppc64le", "linux/riscv64", "linux/s390x"),
)
# As containerd's platforms.Normalize has it: other names of architectures, and variants that go unsaid.
_ALIASES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "armhf": "arm/v7",
    "armel": "arm/v6",
}
_UNSAID = {"linux/amd64/v1": "linux/amd64", "linux/arm64/v8": "linux/arm64", "linux/arm": "linux/arm/v7"}
_VARIANTS = re.compile(r"linux/(?:amd64/v[2-4]|arm64/v(?:8\.[1-9]|9))")


def normalised(text: str) -> str:
    """A platform in its shortest usual form: ``linux/arm64`` for ``linux/aarch64`` and ``linux/arm64/v8``."""
    system, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    joined = "/".join(filter(None, (system, _ALIASES.get(architecture, architecture), variant)))
    return _UNSAID.get(joined, joined)


def read_platform(text: str) -> str:
    """A platform, normalised. Raises ValueError, with the nearest word, for what no image is for."""
    if _FORM.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a platform such as linux/amd64 or linux/arm/v7")
    found = normalised(text)
    if found not in _KNOWN and _VARIANTS.fullmatch(found) is None:
        raise ValueError(f"{text!r} is not a platform that Linux images are for; {nearest(found, _KNOWN)}")
    return found


def read_platforms(texts: Iterable[str]) -> tuple[str, ...]:
    """Platforms in the order given. Raises ValueError for one that stands there twice."""
    found: list[str] = []
    for text in texts:
        platform = read_platform(text)
        if platform in found:
            also = f", as {text}" if text != platform else ""
            raise ValueError(f"{platform} is given twice{also}")
        found.append(platform)
    return tuple(found)


def missing_from(wanted: Iterable[str], there: Collection[str]) -> tuple[str, ...]:
    """The wanted platforms that are not there, whatever either are called."""
    known = {normalised(each) for each in there}
    return tuple(each for each in wanted if normalised(each) not in known)


def pick_native(platforms: tuple[str, ...], native: str) -> str:
    """Of an image's platforms the one that an engine of ``native`` tests: its own, else the first."""
    own = (each for each in platforms if normalised(each) == normalised(native))
    return next(own, platforms[0])
