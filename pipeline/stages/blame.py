"""Which line a failure is about: of the Dockerfile for a build, of the catalog for a service."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import dagger

from pipeline.checks.places import find_places
from pipeline.planning.dockerfile import Dockerfile, Instruction, Stage, read_dockerfile, read_trigger
from pipeline.planning.reads import find_stage, names_base, target_index, triggers_of
from pipeline.planning.units import Unit
from pipeline.stages.build import FOREIGN_DOCKERFILE

_ON_LINE = re.compile(r"\bon line (\d+)")
# What engines quote of a path or a reference that is not there.
_WORD = re.compile(r"[^\s\"'()]+")


@dataclass(frozen=True)
class Spot:
    """A line of a file under the fleet's root; line 0 where only the file is known.

    ``onbuild`` is the base that brought what failed there by ONBUILD: then the line is the FROM that ran it.
    """

    file: str = ""
    line: int = 0
    onbuild: str = ""


NOWHERE = Spot()


@dataclass(frozen=True, kw_only=True)
class Spots:
    """Where a fleet says what; its files under ``root`` are read only when something has failed."""

    root: Path
    catalog: str

    def of_service(self, unit: Unit, service: str) -> Spot:
        """Where the catalog has a service; where it has the unit for a library test or a default command."""
        places = find_places(self._text(self.catalog), self.catalog)
        family = unit.kind == "family"
        return Spot(self.catalog, places.family(unit.name) if family else places.service(unit.name, service))

    def of_build(self, unit: Unit, error: Exception) -> Spot:
        """The instruction that failed, as far as the engine's message tells."""
        dockerfile = read_dockerfile(self._text(unit.dockerfile), unit.dockerfile)
        if line := failed_line(dockerfile, error):
            return Spot(unit.dockerfile, line)
        stage = failed_trigger(dockerfile, unit, error)
        if stage is None:
            return Spot(unit.dockerfile)
        return Spot(unit.dockerfile, stage.line, onbuild=unit.base if names_base(stage) else stage.base)

    def _text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8", errors="replace")


def failed_line(dockerfile: Dockerfile, error: Exception) -> int:
    """The line of the instruction that an engine's error is about, 0 where it does not say."""
    if isinstance(error, dagger.ExecError):
        return next(_ran(dockerfile.instructions, error.command), 0)
    message = str(error)
    name = re.escape(PurePosixPath(dockerfile.path).name)
    numbered = re.search(rf"(?:{name}|{re.escape(FOREIGN_DOCKERFILE)}):(\d+)\b", message)
    if found := numbered or _ON_LINE.search(message):
        return int(found[1])
    return next(_quoted(dockerfile, message), 0)


def failed_trigger(dockerfile: Dockerfile, unit: Unit, error: Exception) -> Stage | None:
    """The stage whose FROM ran a command that is no RUN of this file: an ONBUILD of what it stands on.

    A base that the fleet does not build may have any; without one that is known, it is that of the image.
    """
    if not isinstance(error, dagger.ExecError):
        return None
    end = target_index(dockerfile.stages, unit.target)
    unknown: list[Stage] = []
    for stage in dockerfile.stages[: 0 if end is None else end + 1]:
        parent = find_stage(dockerfile.stages[: stage.index], stage.base)
        injected = unit.onbuild if names_base(stage) else ()
        texts = injected if parent is None else triggers_of(dockerfile.stages[parent])
        triggers = [read_trigger(text, line=stage.line, escape=dockerfile.escape) for text in texts]
        if any(_ran(triggers, error.command)):
            return stage
        unknown += [stage] if parent is None else []
    return unknown[-1] if unknown else None


def _ran(instructions: Iterable[Instruction], command: list[str]) -> Iterator[int]:
    """Lines of the RUN instructions that are this command: in the shell form it is the last word."""
    last = _squeezed(command[-1]) if command else ""
    for instruction in instructions:
        if instruction.keyword != "RUN":
            continue
        written = _squeezed(instruction.text)
        heredoc = any(_squeezed(each.text) in last for each in instruction.heredocs)
        if list(instruction.words) == command if instruction.is_json else heredoc or written == last:
            yield instruction.line


def _quoted(dockerfile: Dockerfile, message: str) -> Iterator[int]:
    """Lines of the COPY, ADD and FROM instructions of which the message quotes a word."""
    said = {word.strip("/.:") for word in _WORD.findall(message)} - {""}
    for instruction in dockerfile.instructions:
        if instruction.keyword in ("COPY", "ADD") and said & _sources(instruction):
            yield instruction.line
    yield from (stage.line for stage in dockerfile.stages if stage.base.strip("${}") in said)


def _sources(instruction: Instruction) -> set[str]:
    return {word.strip("/.") for word in instruction.words[:-1]} - {""}


def _squeezed(text: str) -> str:
    return " ".join(text.split())
