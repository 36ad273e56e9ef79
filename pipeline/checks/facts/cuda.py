"""What says which CUDA: images, wheels, package indexes, apt packages and the environment."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.checks.facts.installs import AptPackage, every_install
from pipeline.checks.facts.pip import Package
from pipeline.checks.facts.torch import cuda_on_pypi
from pipeline.checks.inspection import Inspection, Subject
from pipeline.planning.choice import family_chain
from pipeline.planning.reads import BASE_ARGUMENT

_IMAGE = re.compile(r"nvidia/cuda:(\d+\.\d+)|pytorch/[\w-]+:[\w.]*-cuda(\d+\.\d+)")
_LOCAL = re.compile(r"cu(\d{2})(\d)")
_INDEX = re.compile(r"/cu(\d{2})(\d)(?:/|$)")
_SUFFIX = re.compile(r"-cu(?:da)?(\d{2})(\d)?x?$")
_EXTRA = re.compile(r"cuda(\d{2})")
# NVIDIA's wheels whose own version begins with CUDA's.
_VERSIONED = re.compile(r"nvidia-(?:cuda-[a-z]+|nvtx|cublas)-cu\d+")
_APT = re.compile(r"(?:cuda|lib(?:cu|np|nv)\w+)(?:-[a-z-]+)?-(\d{2})-(\d)")
_TORCH_INDEX = "/whl/"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something that is made for one CUDA: ``version`` is ``12.1``, or ``12`` where no more is known."""

    what: str
    version: str
    file: str
    line: int


def agree(one: str, other: str) -> bool:
    """Whether two CUDA versions are the same, as far as both are known; patch releases do not count."""
    numbers, others = one.split(".")[:2], other.split(".")[:2]
    length = min(len(numbers), len(others))
    return numbers[:length] == others[:length]


def cuda_of_image(reference: str) -> str:
    """The CUDA that an image of NVIDIA or PyTorch names in its tag, or empty."""
    match = _IMAGE.search(reference)
    return (match[1] or match[2]) if match else ""


def promised_cuda(inspection: Inspection, subject: Subject) -> tuple[str, str]:
    """The family that a subject stands on (or is) with a ``cuda`` in the catalog, and that version."""
    families = inspection.catalog.families
    name = subject.unit.name if subject.unit.name in families else subject.unit.base
    chain = family_chain(inspection.catalog, name) if name in families else ()
    return next(((each, families[each].cuda) for each in chain if families[each].cuda), ("", ""))


def find_claims(inspection: Inspection, subject: Subject) -> Iterator[Claim]:
    """Every claim of a subject's own Dockerfile and requirements."""
    yield from _of_images(subject)
    yield from _of_environment(subject)
    installs = every_install(inspection, subject)
    for apt in installs.apt:
        yield from _of_apt(apt)
    for package in installs.pip:
        yield from _of_package(package)


def _of_images(subject: Subject) -> Iterator[Claim]:
    defaults = [
        (word.partition("=")[2], each.line)
        for each in subject.dockerfile.preamble
        for word in each.words
        if word.startswith(f"{BASE_ARGUMENT}=")
    ]
    images = [(image.text, image.line) for stage in subject.reads.stages for image in stage.images]
    for text, line in (*defaults, *images):
        if version := cuda_of_image(text):
            yield Claim(what=text.strip("\"'"), version=version, file=subject.unit.dockerfile, line=line)


def _of_environment(subject: Subject) -> Iterator[Claim]:
    for instruction in subject.last_first:
        if instruction.keyword == "ENV" and (
            match := re.search(r"CUDA_VERSION[= ]\"?(\d+\.\d+)", instruction.text)
        ):
            yield Claim(
                what="ENV CUDA_VERSION", version=match[1], file=subject.unit.dockerfile, line=instruction.line
            )


def _of_apt(package: AptPackage) -> Iterator[Claim]:
    if match := _APT.fullmatch(package.name):
        yield Claim(what=package.name, version=f"{match[1]}.{match[2]}", file=package.file, line=package.line)


def _of_package(package: Package) -> Iterator[Claim]:
    name = f"{package.name}=={package.version}" if package.version else package.name
    version = _version_of(package)
    if version:
        yield Claim(what=name, version=version, file=package.file, line=package.line)


def _version_of(package: Package) -> str:
    local = _LOCAL.match(package.version.partition("+")[2])
    indexes = [match for url in package.indexes if (match := _INDEX.search(url)) and _TORCH_INDEX in url]
    extra = _EXTRA.search(package.requirement.extras)
    suffix = _SUFFIX.search(package.name)
    if local or (indexes and package.name.startswith("torch")):
        major, minor = (local or indexes[0]).groups()
        return f"{major}.{minor}"
    if _VERSIONED.fullmatch(package.name) and package.version:
        return ".".join(package.version.split(".")[:2])
    if suffix:
        return f"{suffix[1]}.{suffix[2]}" if suffix[2] else suffix[1]
    if extra:
        return extra[1]
    is_elsewhere = any(_TORCH_INDEX in url for url in package.indexes)
    return cuda_on_pypi(package.version) if package.name == "torch" and not is_elsewhere else ""
