"""What is in an image: apt packages with all that they bring along, and what its ground has."""

from dataclasses import dataclass

from pipeline.checks.facts.ground import Ground, find_ground
from pipeline.checks.facts.installs import Installs, find_installs, run_commands
from pipeline.checks.facts.packages import LIBRARIES, PROGRAMS, brought_by
from pipeline.checks.facts.shell import program_of
from pipeline.checks.facts.steps import Step, find_steps
from pipeline.checks.inspection import Inspection, Subject


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What an image has; ``named`` are the names of files that a COPY or RUN of it puts somewhere."""

    ground: Ground
    installs: Installs
    packages: frozenset[str]
    named: frozenset[str]

    def has_library(self, soname: str) -> bool:
        """Whether a library is there, as far as the Dockerfiles tell."""
        is_installed = not self.packages.isdisjoint(LIBRARIES[soname])
        return is_installed or soname in self.ground.libraries or soname in self.named

    def has_program(self, program: str) -> bool:
        """Whether a program is there, as far as the Dockerfiles tell."""
        is_installed = not self.packages.isdisjoint(PROGRAMS[program])
        return is_installed or program in self.ground.programs or program in self.named


def find_stock(inspection: Inspection, subject: Subject) -> Stock:
    """What an image has, the families below it included."""
    return inspection.keep(f"stock of {subject.unit.name}", lambda: _find(inspection, subject))


def _find(inspection: Inspection, subject: Subject) -> Stock:
    installs = find_installs(inspection, subject)
    ground = find_ground(inspection, subject)
    apt = [(name, False) for name in ground.packages]
    apt += [(each.name, each.recommends) for each in installs.apt]
    return Stock(
        ground=ground,
        installs=installs,
        packages=frozenset(each for name, more in apt for each in brought_by(name, recommends=more)),
        named=frozenset(name for step in find_steps(inspection, subject) for name in _names(step)),
    )


def _names(step: Step) -> set[str]:
    """Names of files that a COPY brings, or that a command of a RUN is given: it may make them."""
    instruction = step.instruction
    if instruction.keyword in ("COPY", "ADD"):
        words = instruction.words
    elif instruction.keyword == "RUN":
        words = tuple(word for command in run_commands(step) for word in _given(command))
    else:
        words = ()
    return {word.rstrip("/").rpartition("/")[2] for word in words}


def _given(command: tuple[str, ...]) -> tuple[str, ...]:
    """NB: what `which` and `apt-get` are given is not made by them."""
    return () if program_of(command) in ("which", "command", "apt-get", "apt", "rm", "echo") else command[1:]
