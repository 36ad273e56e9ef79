"""As much of a Dockerfile as it takes to serve it and to say which of its lines a failure is about."""

from dataclasses import dataclass
from functools import cached_property

from pipeline.dockerfile.instruction import Instruction, read_instruction
from pipeline.dockerfile.lines import read_lines


@dataclass(frozen=True)
class Script:
    """A Dockerfile: its path within the context, and its text."""

    path: str
    text: str

    def at(self, line: int) -> str:
        """``path:line``, or the path alone for an unknown line."""
        return f"{self.path}:{line}" if line else self.path

    @cached_property
    def served(self) -> str:
        """The text without its ``# syntax=`` line: a frontend would have to be fetched.

        Other directives stay and come first; the number of lines stays too, so that the daemon's line
        numbers fit.
        """
        lines, names = self.text.split("\n"), [*read_lines(self.text)[1].directives]
        if "syntax" not in names:
            return self.text
        kept = [line for line, name in zip(lines, names, strict=False) if name != "syntax"]
        # NB: a line that is no directive ends BuildKit's search for directives, so later ones are comments
        return "\n".join([*kept, "", *lines[len(names) :]])

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        """All of them, in order."""
        lines, reading = read_lines(self.text)
        return tuple(read_instruction(line, reading.escape) for line in lines)
