"""Read a Dockerfile: instructions with their lines, flags and words, grouped into stages. Never fails."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.dockerfile.instruction import Instruction, read_instruction, read_trigger
from pipeline.dockerfile.lines import Heredoc, Problem, read_lines
from pipeline.planning.syntax import find_problems

__all__ = ["Dockerfile", "Heredoc", "Instruction", "Problem", "Stage", "read_dockerfile", "read_trigger"]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One ``FROM``, its head, and what follows it; ``base`` is as written; ``name`` may be empty."""

    index: int
    name: str
    base: str
    head: Instruction
    instructions: tuple[Instruction, ...]

    @property
    def line(self) -> int:
        """Where its FROM stands."""
        return self.head.line


@dataclass(frozen=True, kw_only=True)
class Dockerfile:
    """A Dockerfile; ``preamble`` are the instructions before the first FROM."""

    path: str
    escape: str
    preamble: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    problems: tuple[Problem, ...]

    @property
    def instructions(self) -> Iterator[Instruction]:
        """All instructions in order, FROM lines left out."""
        yield from self.preamble
        for stage in self.stages:
            yield from stage.instructions


def read_dockerfile(text: str, path: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile's text; ``path`` is for messages only. What is wrong is in ``problems``."""
    lines, reading = read_lines(text)
    instructions = [read_instruction(line, reading.escape) for line in lines]
    problems = [*reading.problems, *find_problems(instructions)]
    first = next((i for i, instruction in enumerate(instructions) if instruction.keyword == "FROM"), None)
    if first is None:
        problems.append(Problem(1, "there is no FROM"))
    return Dockerfile(
        path=path,
        escape=reading.escape,
        preamble=tuple(instructions[:first]),
        stages=tuple(_stages(instructions[first:])) if first is not None else (),
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
    )


def _stages(instructions: list[Instruction]) -> Iterator[Stage]:
    starts = [i for i, instruction in enumerate(instructions) if instruction.keyword == "FROM"]
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(instructions)], strict=True)):
        head = instructions[start]
        name = head.words[2] if len(head.words) > 2 and head.words[1].upper() == "AS" else ""
        yield Stage(
            index=index,
            name=name,
            base=head.words[0] if head.words else "",
            head=head,
            instructions=tuple(instructions[start + 1 : end]),
        )
