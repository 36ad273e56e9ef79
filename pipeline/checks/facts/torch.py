"""Releases of PyTorch: which versions belong together, and the CUDA of its wheels (data/torch.toml)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

TRIO = ("torch", "torchvision", "torchaudio")
_RELEASES: list[Mapping[str, str]] = tomllib.loads((Path(__file__).parent / "data/torch.toml").read_text())[
    "release"
]


def torch_of(package: str, version: str) -> str:
    """The torch release that a version of one of the three belongs to; empty where it is not known.

    Where the patch release is not in the table, the torch release is given to the minor version only.
    """
    bare = version.partition("+")[0]
    for release in _RELEASES:
        if release[package] == bare:
            return release["torch"]
    minors = {_minor(release[package]): _minor(release["torch"]) for release in _RELEASES}
    return minors.get(_minor(bare), "")


def belong_together(one: str, other: str) -> bool:
    """Whether two torch releases, as `torch_of` gives them, are the same as far as they are known."""
    length = min(one.count("."), other.count(".")) + 1
    return one.split(".")[:length] == other.split(".")[:length]


def cuda_on_pypi(version: str) -> str:
    """The CUDA that torch's wheel on PyPI is made for (``12.1``); empty where it is not known."""
    return next((each.get("cuda", "") for each in _RELEASES if each["torch"] == version), "")


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
