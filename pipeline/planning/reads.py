"""What a build of a Dockerfile reads: files of its context, other images, URLs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.planning.dockerfile import Dockerfile, Instruction, Stage, read_trigger
from pipeline.planning.scope import Scope, global_scope, stage_scope

_REMOTE = re.compile(r"(?:https?|git|ssh|ftp)://|git@", re.IGNORECASE)
_SCRATCH = "scratch"

BASE_ARGUMENT = "BASE_IMAGE"
_NAMES_BASE = re.compile(rf"\$(?:\{{{BASE_ARGUMENT}[:}}]|{BASE_ARGUMENT}(?!\w))")
# NB: stands for the injected base while planning; no Dockerfile can name an image so.
INJECTED = "\0base"


@dataclass(frozen=True)
class ContextRead:
    """A path of the context that an instruction reads; empty where it cannot be known without building."""

    path: str
    line: int
    keyword: str


@dataclass(frozen=True)
class ImageRead:
    """Another image that is read: ``text`` is expanded; ``how`` is FROM, COPY or RUN."""

    text: str
    line: int
    how: str


@dataclass(frozen=True)
class RemoteRead:
    """A URL that an ADD reads; ``checksum`` is what the Dockerfile pins it to, if anything."""

    url: str
    checksum: str
    line: int


@dataclass(frozen=True, kw_only=True)
class StageReads:
    """What one stage reads; ``needs`` are the indexes of the stages that it uses."""

    stage: Stage
    base: str
    scope: Scope
    needs: frozenset[int]
    context: tuple[ContextRead, ...]
    images: tuple[ImageRead, ...]
    remote: tuple[RemoteRead, ...]


@dataclass(frozen=True, kw_only=True)
class Reads:
    """Every stage in order, and which of them the target needs (indexes; the last one is the result)."""

    dockerfile: Dockerfile
    stages: tuple[StageReads, ...]
    needed: tuple[int, ...]

    @property
    def final(self) -> StageReads | None:
        """The stage that becomes the image, or None where there is none."""
        return self.stages[self.needed[-1]] if self.needed else None

    @property
    def used(self) -> tuple[StageReads, ...]:
        """The stages that the target needs."""
        return tuple(self.stages[index] for index in self.needed)


def find_reads(
    dockerfile: Dockerfile,
    *,
    build_args: Mapping[str, str],
    platform: str = "linux/amd64",
    builder: str = "",
    target: str = "",
    triggers: Mapping[str, Sequence[str]] | None = None,
) -> Reads:
    """What a build would read.

    ``build_args`` with BASE_IMAGE; ``builder`` is the platform that the build runs on, where it is not the
    one that it is for; ``triggers`` maps an image as a FROM line gives it, expanded, to its
    ONBUILD instructions.
    """
    outer = global_scope(dockerfile, build_args, platform, builder)
    stages: list[StageReads] = []
    for stage in dockerfile.stages:
        stages.append(_read_stage(dockerfile, stage, stages, outer, triggers or {}))
    end = target_index(dockerfile.stages, target)
    return Reads(dockerfile=dockerfile, stages=tuple(stages), needed=_needed(stages, end))


def onbuild_triggers(dockerfile: Dockerfile, target: str = "") -> tuple[str, ...]:
    """The ONBUILD instructions that an image built from this Dockerfile carries, as text.

    NB: only those of its last stage: a stage runs the triggers of the stage it starts from, and drops them.
    """
    index = target_index(dockerfile.stages, target)
    return () if index is None else triggers_of(dockerfile.stages[index])


def final_stages(reads: Reads) -> tuple[StageReads, ...]:
    """The stages whose settings the result has: the last one, and the local stages it starts from."""
    return stages_below(reads, reads.final)


def stages_below(reads: Reads, stage: StageReads | None) -> tuple[StageReads, ...]:
    """A stage and the local stages that it starts from, itself first."""
    stages: list[StageReads] = []
    while stage is not None and stage not in stages:
        stages.append(stage)
        stage = _named_before(reads.stages[: stage.stage.index], stage.base) if stage.base else None
    return tuple(stages)


def names_base(stage: Stage) -> bool:
    """Whether a FROM line means the injected base, be the argument declared or not."""
    return _NAMES_BASE.search(stage.base) is not None


def find_stage(stages: Sequence[Stage], word: str) -> int | None:
    """The index of a stage by name (case does not matter) or number, or None."""
    named = [stage.index for stage in stages if stage.name and stage.name.lower() == word.lower()]
    if named:
        return named[-1]
    is_number = word.isascii() and word.isdecimal() and len(word) < 6
    return int(word) if is_number and int(word) < len(stages) else None


def target_index(stages: Sequence[Stage], target: str) -> int | None:
    """The index of the stage that is built, the last one without a target; None where there is none."""
    if not stages:
        return None
    return find_stage(stages, target) if target else len(stages) - 1


def triggers_of(stage: Stage) -> tuple[str, ...]:
    """The ONBUILD instructions of a stage, as text."""
    return tuple(each.text for each in stage.instructions if each.keyword == "ONBUILD")


def _read_stage(
    dockerfile: Dockerfile,
    stage: Stage,
    before: Sequence[StageReads],
    outer: Scope,
    triggers: Mapping[str, Sequence[str]],
) -> StageReads:
    base = outer.expand(stage.base).text
    parent = _named_before(before, base)
    scope = parent.scope.child() if parent else stage_scope(outer)
    carried = triggers_of(parent.stage) if parent else triggers.get(base, ())
    instructions = [*_run_triggers(carried, stage, dockerfile.escape), *stage.instructions]
    reads = [read for each in instructions for read in _reads_of(each, scope)]
    images = [read for read in reads if isinstance(read, ImageRead)]
    local = {read.text: find_stage(dockerfile.stages, read.text) for read in images}
    external = [read for read in images if local[read.text] is None]
    if parent is None and base.lower() != _SCRATCH:
        external.insert(0, ImageRead(base, stage.line, "FROM"))
    needs = {index for index in local.values() if index is not None}
    if parent:
        needs.add(parent.stage.index)
    return StageReads(
        stage=stage,
        base=base,
        scope=scope,
        needs=frozenset(needs),
        context=tuple(read for read in reads if isinstance(read, ContextRead)),
        images=tuple(external),
        remote=tuple(read for read in reads if isinstance(read, RemoteRead)),
    )


def _named_before(before: Sequence[StageReads], base: str) -> StageReads | None:
    named = [reads for reads in before if reads.stage.name and reads.stage.name.lower() == base.lower()]
    return named[-1] if named else None


def _run_triggers(texts: Sequence[str], stage: Stage, escape: str) -> Iterator[Instruction]:
    """The base's triggers as instructions at the line of the FROM that runs them."""
    for text in texts:
        yield read_trigger(text, line=stage.line, escape=escape)


def _reads_of(instruction: Instruction, scope: Scope) -> Iterator[ContextRead | ImageRead | RemoteRead]:
    scope.take(instruction)
    if instruction.keyword in ("COPY", "ADD"):
        yield from _copied(instruction, scope)
    elif instruction.keyword == "RUN":
        for name, value in instruction.flags:
            if name == "mount":
                yield from _mounted(instruction, scope.expand(value).text, scope)


def _copied(instruction: Instruction, scope: Scope) -> Iterator[ContextRead | ImageRead | RemoteRead]:
    origin = instruction.flag("from")
    if origin:
        yield ImageRead(scope.expand(origin).text, instruction.line, instruction.keyword)
        return
    for word in instruction.words[:-1]:
        if word.startswith("<<") and instruction.heredocs:
            continue
        expanded = scope.expand(word)
        if instruction.keyword == "ADD" and _REMOTE.match(expanded.text):
            checksum = scope.expand(instruction.flag("checksum")).text
            yield RemoteRead(expanded.text, checksum, instruction.line)
        elif expanded.unknown or expanded.problem:
            yield ContextRead("", instruction.line, instruction.keyword)
        else:
            yield ContextRead(expanded.text, instruction.line, instruction.keyword)


def _mounted(instruction: Instruction, mount: str, scope: Scope) -> Iterator[ContextRead | ImageRead]:
    parts = [part.partition("=") for part in mount.split(",")]
    fields = {name: value for name, _, value in parts}
    kind = fields.get("type", "bind")
    if origin := fields.get("from", ""):
        yield ImageRead(origin, instruction.line, "RUN")
    elif kind == "bind":
        source = fields.get("source", fields.get("src", "."))
        yield ContextRead(source or ".", instruction.line, "RUN")


def _needed(stages: Sequence[StageReads], end: int | None) -> tuple[int, ...]:
    """The stages that ``end`` needs, in order, ``end`` itself last."""
    if end is None:
        return ()
    seen: set[int] = set()
    waiting = [end]
    while waiting:
        index = waiting.pop()
        if index not in seen:
            seen.add(index)
            waiting.extend(stages[index].needs)
    return (*sorted(seen - {end}), end)
