"""The instructions that make up an image, families first, each with the directory in which it works."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.checks.inspection import Inspection, Subject
from pipeline.planning.dockerfile import Instruction
from pipeline.planning.reads import StageReads


@dataclass(frozen=True, kw_only=True)
class Step:
    """One instruction; ``workdir`` is where it works, "/" where nothing says so."""

    subject: Subject
    stage: StageReads
    instruction: Instruction
    workdir: str

    @property
    def file(self) -> str:
        """The Dockerfile that it stands in."""
        return self.subject.unit.dockerfile

    @property
    def line(self) -> int:
        """The line that it begins on."""
        return self.instruction.line

    def expand(self, word: str) -> str:
        """A word with the variables of its stage."""
        return self.stage.scope.expand(word).text


def find_steps(inspection: Inspection, subject: Subject) -> tuple[Step, ...]:
    """What a subject's image is made of, the families below it that are built here included."""
    return inspection.keep(f"steps of {subject.unit.name}", lambda: _find(inspection, subject))


def _find(inspection: Inspection, subject: Subject) -> tuple[Step, ...]:
    steps: list[Step] = []
    for each in reversed(inspection.chain(subject)):
        steps += stage_steps(each, reversed(each.final_stages), workdir_after(steps))
    return tuple(steps)


def stage_steps(subject: Subject, stages: Iterator[StageReads], workdir: str = "/") -> list[Step]:
    """The steps of stages that stand on each other, the lowest first."""
    steps: list[Step] = []
    for stage in stages:
        for instruction in stage.stage.instructions:
            if instruction.keyword == "WORKDIR":
                workdir = resolve(workdir, stage.scope.expand(instruction.text.strip()).text)
            steps.append(Step(subject=subject, stage=stage, instruction=instruction, workdir=workdir))
    return steps


def workdir_after(steps: list[Step] | tuple[Step, ...]) -> str:
    """The working directory that steps leave behind."""
    return steps[-1].workdir if steps else "/"


def resolve(workdir: str, path: str) -> str:
    """A path in the image as an absolute one."""
    return posixpath.normpath(posixpath.join("/", workdir, path)).replace("//", "/")
