"""What the variables of a Dockerfile are worth at each point: ARG, ENV, build and platform arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.dockerfile.words import Expanded, expand, is_plain, split_quoted
from pipeline.planning.dockerfile import Dockerfile, Instruction


@dataclass
class Scope:
    """The variables within one stage. ENV wins over ARG, as in BuildKit."""

    escape: str
    build_args: Mapping[str, str]
    outer: Mapping[str, str]
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def expand(self, word: str) -> Expanded:
        """A word at this point of the stage."""
        if is_plain(word, self.escape):
            return Expanded(word)
        return expand(word, {**self.arguments, **self.environment}, escape=self.escape)

    def child(self) -> "Scope":
        """The scope of a stage that starts from this one."""
        return Scope(self.escape, self.build_args, self.outer, dict(self.arguments), dict(self.environment))

    @property
    def passing(self) -> tuple[str, ...]:
        """The arguments that have a value here and are no environment variables of the image."""
        return tuple(sorted(self.arguments.keys() - self.environment.keys()))

    def take(self, instruction: Instruction) -> None:
        """Let an ARG or ENV take effect."""
        if instruction.keyword == "ARG":
            for word in instruction.words:
                self._declare(word)
        elif instruction.keyword == "ENV":
            self._set(instruction)

    def _declare(self, word: str) -> None:
        name, equals, default = word.partition("=")
        if name in self.build_args:
            self.arguments[name] = self.build_args[name]
        elif equals:
            self.arguments[name] = self.expand(default).text
        elif name in self.outer:
            self.arguments[name] = self.outer[name]

    def _set(self, instruction: Instruction) -> None:
        # NB: all values of one ENV see the variables as they were before it.
        self.environment |= {name: self.expand(value).text for name, value, _ in instruction.pairs if name}


def global_scope(
    dockerfile: Dockerfile, build_args: Mapping[str, str], platform: str, builder: str = ""
) -> Scope:
    """The scope of FROM lines: the ARGs before the first of them; ``builder`` as in `platform_arguments`."""
    scope = Scope(dockerfile.escape, build_args, {}, platform_arguments(platform, builder))
    for instruction in dockerfile.preamble:
        scope.take(instruction)
    return scope


def stage_scope(outer: Scope) -> Scope:
    """The scope at the beginning of a stage on a base whose environment is not known."""
    return Scope(outer.escape, outer.build_args, dict(outer.arguments))


def platform_arguments(platform: str, builder: str = "") -> dict[str, str]:
    """BuildKit's automatic arguments; ``builder`` is what it runs on, where that is not the same platform."""
    return _named("TARGET", platform) | _named("BUILD", builder or platform)


def _named(prefix: str, platform: str) -> dict[str, str]:
    system, architecture, variant = (*platform.split("/"), "", "")[:3]
    parts = {"PLATFORM": platform, "OS": system, "ARCH": architecture, "VARIANT": variant}
    return {f"{prefix}{name}": value for name, value in parts.items()}


def exposed_ports(words: tuple[str, ...], scope: Scope) -> tuple[int, ...]:
    """The TCP and UDP ports of an EXPOSE, ranges written out; what cannot be known is left out."""
    ports: list[int] = []
    for word in words:
        for piece in split_quoted(scope.expand(word).text):
            low, _, high = piece.partition("/")[0].partition("-")
            if low.isdecimal() and (high.isdecimal() or not high) and len(low) < 6 and len(high) < 6:
                ports.extend(range(int(low), min(int(high or low), 65535) + 1))
    return tuple(ports)
