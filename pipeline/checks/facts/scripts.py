"""The scripts that commands run: where in the image they are, what brings them, whether they can be run."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.checks.facts.arrivals import Arrival, find_arrival
from pipeline.checks.facts.health import HealthCheck
from pipeline.checks.facts.installs import run_commands
from pipeline.checks.facts.shell import Command, program_of
from pipeline.checks.facts.steps import Step, resolve, workdir_after

_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*|sh|bash|dash|node|perl|ruby")
_SYSTEM = re.compile(r"/(?:usr/)?s?bin/")
_SCRIPT = re.compile(r".*\.(?:sh|py|bash|pl|rb|js)|(?:.*/)?[\w-]*health[\w-]*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script that a command runs: ``path`` is absolute, ``is_direct`` where no interpreter is named."""

    path: str
    is_direct: bool


def find_scripts(check: HealthCheck, steps: Sequence[Step]) -> list[Script]:
    """The scripts in the commands of a check; programs of the system are none."""
    return scripts_in(check.commands, steps)


def scripts_in(commands: Iterable[Command], steps: Sequence[Step]) -> list[Script]:
    """The scripts in commands that run where the steps end."""
    workdir = workdir_after(tuple(steps))
    found = [_script(command, workdir) for command in commands]
    return list(dict.fromkeys(each for each in found if each is not None))


def _script(command: Command, workdir: str) -> Script | None:
    is_direct = not _INTERPRETER.fullmatch(program_of(command))
    words = command[:1] if is_direct else [word for word in command[1:] if not word.startswith("-")][:1]
    if not words or (not is_direct and {"-c", "-m", "-e"} & {*command}):
        return None
    word = words[0]
    is_path = "/" in word or not is_direct
    if "$" in word or not is_path or _SYSTEM.match(word) or not _SCRIPT.fullmatch(word):
        return None
    return Script(path=resolve(workdir, word), is_direct=is_direct)


def brings(script: Script, steps: Sequence[Step]) -> Arrival | Step | None:
    """The COPY that brings a script, or a RUN that may write it; None where nothing does."""
    arrival = find_arrival(steps, script.path)
    if arrival is not None:
        return arrival
    name = script.path.rpartition("/")[2]
    return next((step for step in reversed(steps) if _may_write(step, name)), None)


def may_change_mode(steps: Sequence[Step], script: Script) -> bool:
    """Whether a RUN calls chmod on the script, or on something that may hold it."""
    folders = {script.path.rsplit("/", maxsplit=depth)[0] for depth in range(1, script.path.count("/") + 1)}
    for step in steps:
        for command in run_commands(step) if step.instruction.keyword == "RUN" else ():
            if program_of(command) in ("chmod", "install", "find", "xargs"):
                places = {resolve(step.workdir, word.rstrip("*")) for word in command[1:]}
                if script.path in places or places & (folders - {""}) or any("*" in word for word in command):
                    return True
    return False


def is_executable(arrival: Arrival, script: Script, steps: Sequence[Step]) -> bool:
    """Whether a script that arrives can be run without an interpreter; true where it cannot be told."""
    if arrival.chmod:
        return not arrival.chmod.isdecimal() or any(digit in "1357" for digit in arrival.chmod[-3:])
    if may_change_mode(steps, script):
        return True
    node = arrival.step.subject.context.sources.node(arrival.source) if arrival.source else None
    # NB: git's rule: only the owner's x bit decides.
    is_file_without = node is not None and node.kind == "file" and not node.mode & 0o100
    return not (is_file_without or arrival.text is not None)


def make_executable(arrival: Arrival) -> str:
    """What to do so that it can."""
    if not arrival.source:
        return "add --chmod=755 to the COPY"
    return f"git update-index --chmod=+x {arrival.source}, or add --chmod=755 to the COPY"


def _may_write(step: Step, name: str) -> bool:
    text = step.instruction.text + "".join(each.text for each in step.instruction.heredocs)
    return step.instruction.keyword == "RUN" and name in re.sub(r"chmod [^&;|\n]*", "", text)
