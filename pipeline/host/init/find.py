"""Which Dockerfiles there are, what each is called, and whether it is a family or an image."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from pipeline.planning.dockerfile import Instruction, read_dockerfile
from pipeline.planning.reads import Reads, StageReads, final_stages, find_reads
from pipeline.planning.sources import Sources, join

_NAME = re.compile(r"(?:Dockerfile|Containerfile)(?:[.-](?P<after>.+))?|(?P<before>.+)\.[Dd]ockerfile")
_NOT_ONE = (".dockerignore", ".bak", ".orig", ".swp", "~")
_SKIPPED = {"node_modules", "venv", "__pycache__"}
_INITS = {"tini", "tini-static", "dumb-init", "catatonit", "docker-init"}
_OPENING = re.compile(r"#[ \t]*(?![A-Za-z]+[ \t]*=)(.*)")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One Dockerfile.

    ``path`` is relative to the fleet's root; ``word`` is what its path calls it; ``base`` is the image that
    its last stage stands on unless told otherwise, empty where only BASE_IMAGE says; ``opening`` is the
    comment that it begins with.
    """

    path: str
    word: str
    kind: Literal["family", "image"]
    reads: Reads
    base: str
    opening: str

    @property
    def stages(self) -> tuple[StageReads, ...]:
        """The stages whose settings the result has, the last one first."""
        return final_stages(self.reads)

    def last(self, keyword: str) -> tuple[Instruction, StageReads] | None:
        """The instruction of this kind that counts, with its stage."""
        return next(
            (
                (each, stage)
                for stage in self.stages
                for each in reversed(stage.stage.instructions)
                if each.keyword == keyword
            ),
            None,
        )


def find_dockerfiles(sources: Sources, own_name: str) -> tuple[Found, ...]:
    """Every Dockerfile with a FROM below the root, by path; ``own_name`` is the root's own."""
    paths = [path for path in walk(sources) if _is_dockerfile(path)]
    words = {path: _word(path, own_name) for path in paths}
    often = Counter(words.values())
    for path, word in words.items():
        if often[word] > 1:
            words[path] = component(f"{PurePosixPath(path).parent.name or own_name}-{word}")
    found = (_read(sources, path, word) for path, word in words.items())
    return tuple(each for each in found if each.stages)


def walk(sources: Sources, folder: str = "") -> Iterator[str]:
    """Every file below a folder, hidden ones and what tools leave behind left out; links are not followed."""
    for name in sources.children(folder):
        path = join(folder, name)
        node = sources.node(path)
        if node is None or name.startswith(".") or name in _SKIPPED:
            continue
        if node.kind == "directory":
            yield from walk(sources, path)
        elif node.kind == "file":
            yield path


def component(text: str) -> str:
    """The text as it can stand in an image name."""
    single = re.sub(r"[^a-z0-9]+", lambda run: run[0][0] if run[0][0] in "._-" else "-", text.lower())
    return single.strip("._-")


def words_of(name: str) -> set[str]:
    """The words that a name is made of."""
    return {*re.split(r"[._-]+", name)}


def _is_dockerfile(path: str) -> bool:
    name = PurePosixPath(path).name
    return _NAME.fullmatch(name) is not None and not name.endswith(_NOT_ONE) and path.isprintable()


def _word(path: str, own_name: str) -> str:
    match = _NAME.fullmatch(PurePosixPath(path).name)
    given = (match["after"] or match["before"]) if match else ""
    return component(given or PurePosixPath(path).parent.name or own_name) or "image"


def _read(sources: Sources, path: str, word: str) -> Found:
    text = sources.text(path) or ""
    reads = find_reads(read_dockerfile(text, path), build_args={})
    stages = final_stages(reads)
    base = stages[-1].base if stages else ""
    found = Found(path=path, word=word, kind="image", reads=reads, base=base, opening=_opening(text))
    return replace(found, kind="family") if _is_family(found) else found


def _is_family(found: Found) -> bool:
    """Whether it is there to be stood on: nothing in it is started, exposed or asked after."""
    if any(found.last(keyword) for keyword in ("CMD", "EXPOSE", "HEALTHCHECK")):
        return False
    entry = found.last("ENTRYPOINT")
    return entry is None or _is_init(entry[0].words)


def _is_init(words: Sequence[str]) -> bool:
    return (
        bool(words)
        and PurePosixPath(words[0]).name in _INITS
        and all(word.startswith("-") for word in words[1:])
    )


def _opening(text: str) -> str:
    lines: list[str] = []
    for row in text.splitlines():
        match = _OPENING.fullmatch(row.strip())
        if match:
            lines.append(match[1])
        elif row.strip() and not row.lstrip().startswith("#"):
            break
    return " ".join(lines)
