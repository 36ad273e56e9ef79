"""As much of a Dockerfile as it takes to serve it and to say which of its lines a failure is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*?)\s*$")
HERE = re.compile(r"(?:^|\s)\d*<<-?[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?(?=\s|$)")


@dataclass(frozen=True)
class Instruction:
    """One instruction: the line it starts on (from 1), its keyword in capitals, the rest on one line."""

    line: int
    keyword: str
    rest: str


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
        lines = self.text.split("\n")
        head = self._directives()
        if "syntax" not in {name for name, _ in head}:
            return self.text
        kept = [line for line, (name, _) in zip(lines, head, strict=False) if name != "syntax"]
        # NB: a line that is no directive ends BuildKit's search for directives, so later ones are comments
        return "\n".join([*kept, *([""] * (len(head) - len(kept))), *lines[len(head) :]])

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        return tuple(self._read())

    def _directives(self) -> list[tuple[str, str]]:
        head: list[tuple[str, str]] = []
        for line in self.text.lstrip("\ufeff").split("\n"):
            match = DIRECTIVE.match(line.strip())
            if not match or match[1].lower() in {name for name, _ in head}:
                break
            head.append((match[1].lower(), match[2]))
        return head

    def _read(self) -> Iterator[Instruction]:
        escape = dict(self._directives()).get("escape", "\\")
        lines = iter(enumerate(self.text.lstrip("\ufeff").split("\n"), 1))
        for number, line in lines:
            rest = line.strip()
            if not rest or rest.startswith("#"):
                continue
            while rest.endswith(escape):
                more = next((text.strip() for _, text in lines if _counts(text)), "")
                rest = f"{rest.removesuffix(escape).rstrip()} {more}".rstrip()
            keyword, _, arguments = rest.partition(" ")
            yield Instruction(number, keyword.upper(), arguments.strip())
            if keyword.upper() in {"RUN", "COPY", "ADD"}:
                for name in HERE.findall(arguments):
                    for _, body in lines:
                        if body.strip() == name:
                            break


def _counts(line: str) -> bool:
    """Blank lines and comments do not end a continuation."""
    return bool(line.strip()) and not line.lstrip().startswith("#")
