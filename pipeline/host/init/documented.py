"""Build lines that a team has written down: `docker build -f … --build-arg BASE_IMAGE=… -t … CONTEXT`."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.catalog.references import is_component, is_registry, is_tag
from pipeline.planning.reads import BASE_ARGUMENT
from pipeline.planning.sources import Sources

_BUILD = re.compile(r"\bdocker\s+(?:buildx\s+|image\s+)?build\s+(?P<rest>.*)")
_READ = re.compile(r"README.*|Makefile|makefile|.*\.(?:md|rst|txt|sh|mk|ya?ml)", re.IGNORECASE)
_LONGEST_FILE = 1 << 20
_VALUED = {
    *("-f", "--file", "-t", "--tag", "--build-arg", "--target", "--platform", "--label", "--network"),
    *("--cache-from", "--cache-to", "--progress", "--secret", "--ssh", "-o", "--output", "--iidfile"),
}


@dataclass(frozen=True, kw_only=True)
class Name:
    """An image's name as somebody wrote it: parts that are placeholders (``<org>``, ``$TAG``) are empty."""

    registry: str = ""
    organisation: str = ""
    name: str = ""
    tag: str = ""


@dataclass(frozen=True, kw_only=True)
class BuildLine:
    """One documented build: what it is called, what it stands on, and its context."""

    where: str
    image: Name
    base: Name
    context: str


def documented_builds(sources: Sources, paths: Iterator[str]) -> Mapping[str, BuildLine]:
    """By Dockerfile, the first line of each found in these files."""
    found: dict[str, BuildLine] = {}
    for path in paths:
        if _READ.fullmatch(PurePosixPath(path).name):
            for dockerfile, line in _lines(path, (sources.text(path) or "")[:_LONGEST_FILE]):
                found.setdefault(dockerfile, line)
    return found


def read_name(text: str) -> Name:
    """A name that may hold placeholders."""
    repository, _, tag = text.partition("@")[0].rpartition(":")
    if not repository or "/" in tag:
        repository, tag = text, ""
    registry, *organisation = repository.split("/")[:-1] or [""]
    name = repository.rpartition("/")[2]
    return Name(
        registry=registry if is_registry(registry) else "",
        organisation=organisation[0] if organisation and is_component(organisation[0]) else "",
        name=name if is_component(name) else "",
        tag=tag if is_tag(tag) else "",
    )


def _lines(where: str, text: str) -> Iterator[tuple[str, BuildLine]]:
    for row in re.sub(r"\\\r?\n", " ", text).splitlines():
        match = _BUILD.search(row)
        words = _words(match["rest"]) if match else []
        flags, context = _read(words)
        dockerfile = next((value for name, value in flags if name in ("-f", "--file")), "")
        arguments = dict(
            value.split("=", 1) for name, value in flags if name == "--build-arg" and "=" in value
        )
        tag = next((value for name, value in flags if name in ("-t", "--tag")), "")
        if dockerfile and context:
            yield (
                dockerfile.removeprefix("./"),
                BuildLine(
                    where=where,
                    image=read_name(tag),
                    base=read_name(arguments.get(BASE_ARGUMENT, "")),
                    context=context,
                ),
            )


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text.rstrip("`"))
    except ValueError:
        return []


def _read(words: list[str]) -> tuple[list[tuple[str, str]], str]:
    """Flags with their values, and the context."""
    flags: list[tuple[str, str]] = []
    context = ""
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            context = context or word
        elif name in _VALUED:
            flags.append((name, value if equals else next(left, "")))
    return flags, context
