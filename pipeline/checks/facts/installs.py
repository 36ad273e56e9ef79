"""What the RUN lines of an image install: packages of apt and of pip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.checks.facts.arrivals import arrival_text, find_arrival
from pipeline.checks.facts.pip import Package, Pip, pip_arguments, read_pip
from pipeline.checks.facts.shell import SHELL, Command, program_of, read_argv, read_commands
from pipeline.checks.facts.steps import Step, find_steps, resolve, stage_steps
from pipeline.checks.inspection import Inspection, Subject
from pipeline.planning.reads import find_stage

_APT = {"apt-get", "apt", "aptitude"}
# Programs that bring in what their words do not tell.
_OPEN = {
    *("conda", "mamba", "micromamba", "dpkg", "make", "ninja", "poetry", "pdm", "pipenv", "npm"),
    *("apk", "yum", "dnf", "microdnf", "zypper", "spack", "nix", "brew", "snap", "tar", "unzip"),
}
_INSTALLERS = (".run", ".deb", "/configure")
_DEEPEST = 3
_PYTHON_FOLDER = re.compile(
    r"(?:site|dist)-packages|venv|wheel|\.local|conda|python|install|^/usr(?:/local)?/?$"
)


@dataclass(frozen=True, kw_only=True)
class AptPackage:
    """One package that apt installs; ``recommends`` where the packages that it recommends come along."""

    name: str
    version: str
    recommends: bool
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Installs:
    """What is installed in an image; ``is_open`` where something else may be that the lines do not tell."""

    apt: tuple[AptPackage, ...] = ()
    pip: tuple[Package, ...] = ()
    is_open: bool = False

    def __add__(self, other: "Installs") -> "Installs":
        return Installs(
            apt=self.apt + other.apt, pip=self.pip + other.pip, is_open=self.is_open or other.is_open
        )


def find_installs(inspection: Inspection, subject: Subject) -> Installs:
    """What an image has, the families below it that are built here included."""
    below = inspection.chain(subject)[1:]
    inherited = find_installs(inspection, below[0]) if below else Installs()
    return inherited + own_installs(inspection, subject)


def own_installs(inspection: Inspection, subject: Subject) -> Installs:
    """What a subject's own Dockerfile installs into its result."""
    return inspection.keep(f"installs of {subject.unit.name}", lambda: _own(inspection, subject))


def every_install(inspection: Inspection, subject: Subject) -> Installs:
    """What a subject's own Dockerfile installs in any stage that its result uses."""
    return inspection.keep(f"every install of {subject.unit.name}", lambda: _every(subject))


def run_commands(step: Step) -> list[Command]:
    """The commands of a RUN."""
    instruction = step.instruction
    values = {**step.stage.scope.arguments, **step.stage.scope.environment}
    if instruction.is_json:
        return read_argv(instruction.words, values)
    bodies = [each.text for each in instruction.heredocs] if instruction.text.startswith("<<") else []
    return [found for text in bodies or [instruction.text] for found in read_commands(text, values)]


def _own(inspection: Inspection, subject: Subject) -> Installs:
    steps = find_steps(inspection, subject)
    return _sum(steps, [index for index, step in enumerate(steps) if step.subject is subject])


def _every(subject: Subject) -> Installs:
    found = Installs()
    for stage in subject.reads.used:
        steps = stage_steps(subject, reversed(subject.stages_below(stage)))
        found += _sum(steps, [index for index, step in enumerate(steps) if step.stage is stage])
    return found


def _sum(steps: Sequence[Step], indexes: Sequence[int]) -> Installs:
    found = Installs()
    for index in indexes:
        keyword = steps[index].instruction.keyword
        if keyword == "RUN":
            found += _run(steps[index], steps[:index])
        elif keyword == "COPY":
            found += _copied(steps[index])
    return found


def _run(step: Step, before: Sequence[Step]) -> Installs:
    return _commands(run_commands(step), step, before, step.workdir)


def _commands(
    commands: Sequence[Command], step: Step, before: Sequence[Step], workdir: str, depth: int = 0
) -> Installs:
    found = Installs()
    for command in commands:
        program = program_of(command)
        if program == "cd" and len(command) > 1:
            workdir = resolve(workdir, command[1])
        elif program in _APT:
            found += _apt(command, step)
        elif arguments := pip_arguments(command):
            pip: Pip = read_pip(arguments, step, before, workdir)
            found += Installs(pip=pip.packages, is_open=pip.is_open)
        elif script := _script(command):
            found += _of_script(script, step, before, workdir, depth)
        elif program in _OPEN or script is None:
            found += Installs(is_open=True)
    return found


def _script(command: Command) -> str | None:
    """The shell script that a command runs; empty where it runs none, None where that cannot be read."""
    word = next(iter(command), "")
    if SHELL.fullmatch(program_of(command)):
        words = [each for each in command[1:] if not each.startswith("-")]
        return words[0] if words and "-c" not in command else ""
    if word.endswith((".sh", ".bash")):
        return word
    return None if word.endswith(_INSTALLERS) else ""


def _of_script(script: str, step: Step, before: Sequence[Step], workdir: str, depth: int) -> Installs:
    """What a script of the context installs."""
    arrival = find_arrival(before, resolve(workdir, script))
    text = arrival_text(arrival) if arrival else None
    if text is None or depth == _DEEPEST:
        return Installs(is_open=True)
    values = {**step.stage.scope.arguments, **step.stage.scope.environment}
    return _commands(read_commands(text, values), step, before, workdir, depth + 1)


def _apt(command: Command, step: Step) -> Installs:
    flags = {word for word in command if word.startswith("-")}
    words = [word for word in command[1:] if word not in flags]
    if "install" not in words:
        return Installs()
    recommends = not any("no-install-recommends" in each or "Install-Recommends" in each for each in command)
    names = words[words.index("install") + 1 :]
    unknown = [name for name in names if re.search(r"[$`./].*/|[$`*<]|\.deb$|^/", name)]
    packages = [
        AptPackage(
            name=re.split(r"[=:/]", name, maxsplit=1)[0],
            version=name.partition("=")[2],
            recommends=recommends,
            file=step.file,
            line=step.line,
        )
        for name in names
        if name not in unknown
    ]
    # NB: `xargs apt-get install` and `apt-get install $(cat …)`: the names are not in this line.
    return Installs(apt=tuple(packages), is_open=bool(unknown) or not names)


def _copied(step: Step) -> Installs:
    """A virtual environment, or wheels, that another stage made: what pip installed there is here too."""
    index = find_stage(step.subject.dockerfile.stages, step.expand(step.instruction.flag("from")))
    sources = [step.expand(word) for word in step.instruction.words[:-1]]
    if index is None or not any(_PYTHON_FOLDER.search(source) for source in sources):
        return Installs()
    stages = step.subject.stages_below(step.subject.reads.stages[index])
    if step.stage in stages:
        return Installs()
    steps = stage_steps(step.subject, reversed(stages))
    made = _sum(steps, range(len(steps)))
    return Installs(pip=made.pip, is_open=made.is_open)
