"""What a container of an image starts: ENTRYPOINT and CMD, be they inherited."""

import re
from dataclasses import dataclass

from pipeline.checks.inspection import Inspection, Subject
from pipeline.planning.dockerfile import Instruction

_EXEC = re.compile(r"(?:^|[\s;&|(])exec\s")
_SHELLS = {"sh", "bash", "dash", "ash"}


@dataclass(frozen=True, kw_only=True)
class Start:
    """An ENTRYPOINT or CMD, and whose Dockerfile it is in."""

    subject: Subject
    instruction: Instruction

    @property
    def is_shell_form(self) -> bool:
        """Whether a shell runs it."""
        return not self.instruction.is_json and bool(self.instruction.text)


def find_start(inspection: Inspection, subject: Subject, keyword: str) -> Start | None:
    """The ENTRYPOINT or CMD that holds for an image; None where no Dockerfile of the fleet has one.

    NB: an ENTRYPOINT resets a CMD that was set below it, in another Dockerfile.
    """
    for each in inspection.chain(subject):
        for instruction in each.last_first:
            if instruction.keyword == keyword:
                return Start(subject=each, instruction=instruction)
        if keyword == "CMD" and any(other.keyword == "ENTRYPOINT" for other in each.last_first):
            return None
    return None


def hides_program(script: str) -> bool:
    """Whether a shell stays between whoever sends a signal and the program that a script runs."""
    return bool(script.strip()) and _EXEC.search(script) is None


def shell_script(words: tuple[str, ...]) -> str:
    """The script of an argument vector ``sh -c SCRIPT …``; empty where it is another."""
    if not words or words[0].rpartition("/")[2] not in _SHELLS:
        return ""
    flags = [index for index, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)]
    return next(iter(words[flags[0] + 1 : flags[0] + 2]), "") if flags else ""
