"""Which distribution and which Python an image has, as far as its name and its RUN lines tell."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.planning.dockerfile import Instruction


@dataclass(frozen=True, kw_only=True)
class Platform:
    """``distribution`` as ``debian12``, ``python`` as ``3.11``; empty where not known.

    ``libc`` is ``glibc`` or ``musl``; ``glibc`` is its version.
    """

    distribution: str = ""
    libc: str = ""
    glibc: tuple[int, int] | None = None
    python: str = ""


# distribution: (glibc, Python of its package python3). Sources: the package pages of Debian and Ubuntu
# (libc6, python3); access.redhat.com (glibc of RHEL 8 and 9).
_GLIBC: dict[str, tuple[tuple[int, int], str]] = {
    "debian10": ((2, 28), "3.7"),
    "debian11": ((2, 31), "3.9"),
    "debian12": ((2, 36), "3.11"),
    "debian13": ((2, 41), "3.13"),
    "ubuntu18.04": ((2, 27), "3.6"),
    "ubuntu20.04": ((2, 31), "3.8"),
    "ubuntu22.04": ((2, 35), "3.10"),
    "ubuntu24.04": ((2, 39), "3.12"),
    "rhel8": ((2, 28), "3.6"),
    "rhel9": ((2, 34), "3.9"),
}
# pkgs.alpinelinux.org
_ALPINE_PYTHON = {
    "3.17": "3.10",
    "3.18": "3.11",
    "3.19": "3.11",
    "3.20": "3.12",
    "3.21": "3.12",
    "3.22": "3.12",
}
_CODENAMES = {
    "buster": "debian10",
    "bullseye": "debian11",
    "bookworm": "debian12",
    "trixie": "debian13",
    "bionic": "ubuntu18.04",
    "focal": "ubuntu20.04",
    "jammy": "ubuntu22.04",
    "noble": "ubuntu24.04",
}
_IN_TAG = re.compile(r"(ubuntu|debian|alpine)-?(\d+(?:\.\d+)?)|(?:ubi|rockylinux|el)-?([89])")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PYTHON_TAG = re.compile(r"3\.\d+")
_RED_HAT = {"rockylinux", "almalinux", "ubi8", "ubi9", "oraclelinux"}
_INSTALLED = re.compile(r"\binstall\b[^;&|]*?\bpython(3\.\d+)\b")
_DISTRIBUTIONS_OWN = re.compile(r"\b(?:install|add)\b[^;&|]*?\bpython3(?:-[a-z]+)*(?=\s|$)")
_OTHER_WAY = re.compile(
    r"\b(?:pyenv|deadsnakes|conda|mamba|uv python|python-build-standalone|make altinstall)\b"
)


def platform_of(reference: str) -> Platform:
    """What an image's reference tells: ``docker.io/library/python:3.11-slim-bookworm``."""
    repository, _, tag = reference.partition("@")[0].rpartition(":")
    repository, tag = (repository, tag) if repository and "/" not in tag else (reference, "")
    name = repository.rpartition("/")[2]
    distribution = _distribution(name, tag)
    python = match[0] if name == "python" and (match := _PYTHON_TAG.match(tag)) else ""
    if not distribution and (name == "alpine" or "alpine" in tag):
        return Platform(libc="musl", python=python)
    return described(distribution, python)


def described(distribution: str, python: str = "") -> Platform:
    """A distribution as the catalog names it, and a Python in it."""
    if distribution.startswith("alpine"):
        return Platform(distribution=distribution, libc="musl", python=python)
    known = _GLIBC.get(distribution)
    return Platform(
        distribution=distribution,
        libc="glibc" if known else "",
        glibc=known[0] if known else None,
        python=python,
    )


def python_after(platform: Platform, instructions: Iterable[Instruction]) -> str:
    """The Python that there is after these instructions, or empty where it cannot be told."""
    python = platform.python
    for instruction in instructions:
        if instruction.keyword == "RUN":
            text = "\n".join([instruction.text, *(each.text for each in instruction.heredocs)])
            if _OTHER_WAY.search(text):
                return match[1] if (match := _INSTALLED.search(text)) else ""
            if match := _INSTALLED.search(text):
                python = match[1]
            elif not python and _DISTRIBUTIONS_OWN.search(text):
                python = _own_python(platform.distribution)
    return python


def _own_python(distribution: str) -> str:
    if distribution.startswith("alpine"):
        return _ALPINE_PYTHON.get(distribution.removeprefix("alpine"), "")
    known = _GLIBC.get(distribution)
    return known[1] if known else ""


def _distribution(name: str, tag: str) -> str:
    for word in re.split(r"[-_]", tag):
        if word in _CODENAMES:
            return _CODENAMES[word]
    if name in ("debian", "ubuntu", "alpine") and (match := _NUMBER.match(tag)):
        return f"{name}{match[0] if name != 'debian' else match[0].partition('.')[0]}"
    if name in _RED_HAT and (match := re.search(r"[89]", tag or name)):
        return f"rhel{match[0]}"
    if match := _IN_TAG.search(tag):
        return f"rhel{match[3]}" if match[3] else f"{match[1]}{match[2]}"
    return ""
