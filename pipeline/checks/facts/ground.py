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
# github.com/docker-library/buildpack-deps debian/*/Dockerfile, and python's own lines.
_BUILDPACK = """
autoconf automake bzip2 ca-certificates curl default-libmysqlclient-dev dpkg-dev file g++ gcc git gnupg
imagemagick libbluetooth-dev libbz2-dev libcurl4-openssl-dev libdb-dev libevent-dev libffi-dev libgdbm-dev
libglib2.0-dev libgmp-dev libjpeg-dev libkrb5-dev liblzma-dev libmagickcore-dev libmagickwand-dev
libmaxminddb-dev libncurses-dev libpng-dev libpq-dev libreadline-dev libsqlite3-dev libssl-dev libtool
libwebp-dev libxml2-dev libxslt1-dev libyaml-dev make mercurial netbase openssh-client patch procps
subversion tk-dev unzip uuid-dev wget xz-utils zlib1g-dev
"""
_PYTHON = re.compile(r"(?:docker\.io/)?(?:library/)?python:(?P<tag>[^@]*)")

# Distributions and languages of github.com/docker-library/official-images: none of them sets USER.
_ROOT = re.compile(
    r"(?:docker\.io/)?(?:library/)?"
    r"(?:alpine|amazoncorretto|bash|buildpack-deps|busybox|eclipse-temurin|gcc|golang|node|openjdk|php|ruby|rust)[:@]"
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The lowest image of a chain.

    ``family`` is set for a published family: ``programs`` and ``libraries`` are what it promises.
    ``is_known`` where its content is; ``packages`` are those that apt has installed in it.
    """

    family: str = ""
    is_known: bool = False
    programs: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()


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


def runs_as_root(ground: Ground, image: str) -> bool:
    """Whether an image is known to set no USER of its own."""
    return ground.is_known or _ROOT.match(image) is not None


def read_ground(image: str) -> Ground:
    """What an image of another house is known to have."""
    if _BARE.match(image):
        return Ground(is_known=True)
    if match := _PYTHON.match(image):
        tag = match["tag"]
        if "alpine" in tag or "windows" in tag:
            return Ground()
        own = frozenset({"python3", "python", "pip"})
        packages = () if "slim" in tag else _BUILDPACK.split()
        return Ground(is_known=True, programs=own, packages=frozenset(packages))
    return Ground()
