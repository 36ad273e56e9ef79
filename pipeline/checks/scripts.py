"""The scripts that health checks run: where in the image they are, and what brings them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.checks.arrivals import Arrival, find_arrival
from pipeline.checks.health import HealthCheck
from pipeline.checks.installs import run_commands
from pipeline.checks.shell import Command, program_of
from pipeline.checks.steps import Step, resolve, workdir_after

_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*|sh|bash|dash|node|perl|ruby")
_SYSTEM = re.compile(r"/(?:usr/)?s?bin/")
_SCRIPT = re.compile(r".*\.(?:sh|py|bash|pl|rb|js)|(?:.*/)?[\w-]*health[\w-]*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script that a check runs: ``path`` is absolute, ``is_direct`` where no interpreter is named."""

    path: str
    is_direct: bool


def find_scripts(check: HealthCheck, steps: Sequence[Step]) -> list[Script]:
    """The scripts in the commands of a check; programs of the system are none."""
    workdir = workdir_after(tuple(steps))
    found = [_script(command, workdir) for command in check.commands]
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


def _may_write(step: Step, name: str) -> bool:
    text = step.instruction.text + "".join(each.text for each in step.instruction.heredocs)
    return step.instruction.keyword == "RUN" and name in re.sub(r"chmod [^&;|\n]*", "", text)
