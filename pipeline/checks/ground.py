"""What an image stands on at the bottom, and which programs that brings."""

import re
from dataclasses import dataclass

from pipeline.checks.inspection import Inspection, Subject

# Docker Official Images and NVIDIA's: made of their distribution's minimal packages; `python` adds Python,
# and without -slim buildpack-deps. Sources: github.com/docker-library (python, buildpack-deps,
# official-images), gitlab.com/nvidia/container-images/cuda.
_BARE = re.compile(
    r"(?:docker\.io/)?(?:library/)?(?:debian|ubuntu)[:@]|(?:docker\.io|nvcr\.io)?/?nvidia/cuda[:@]"
)
_PYTHON = re.compile(r"(?:docker\.io/)?(?:library/)?python:(?P<tag>[^@]*)")
_BUILDPACK = frozenset({"curl", "wget", "git", "make"})


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The lowest image of a chain.

    ``family`` is set where it is a published family; ``is_known`` where its content is: then ``programs`` and
    ``libraries`` are all that matter here.
    """

    family: str = ""
    is_known: bool = False
    programs: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()


def find_ground(inspection: Inspection, subject: Subject) -> Ground:
    """What the family chain of a subject ends in."""
    lowest = inspection.chain(subject)[-1]
    catalog = inspection.catalog
    family = catalog.families.get(lowest.unit.base)
    if family is not None:
        return Ground(
            family=family.name, programs=frozenset(family.programs), libraries=frozenset(family.libraries)
        )
    return read_ground(catalog.root.source)


def read_ground(image: str) -> Ground:
    """What an image of another house is known to have."""
    if _BARE.match(image):
        return Ground(is_known=True)
    if match := _PYTHON.match(image):
        tag = match["tag"]
        if "alpine" in tag or "windows" in tag:
            return Ground()
        own = frozenset({"python3", "python", "pip"})
        return Ground(is_known="slim" in tag, programs=own if "slim" in tag else own | _BUILDPACK)
    return Ground()
