"""The options of `pipeline call` itself, which may stand anywhere on its command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import UsageError

PROGRESS = ("auto", "rich", "plain", "json")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was chosen; ``verbose`` is 0 to 2."""

    mod: str | None = None
    output: str | None = None
    json: bool = False
    progress: str = "auto"
    verbose: int = 0
    debug: bool = False
    quiet: bool = False
    help: bool = False

    @property
    def tracebacks(self) -> bool:
        """Whether a failing function's traceback is shown."""
        return self.debug or self.verbose >= 2


@dataclass(frozen=True, kw_only=True)
class Option:
    """One of them; ``value`` names what it takes, empty for a switch."""

    name: str
    short: str = ""
    value: str = ""
    doc: str
    words: tuple[str, ...] = ()

    @property
    def takes_value(self) -> bool:
        """Whether the next word belongs to it."""
        return bool(self.value)

    def read(self, chosen: dict[str, Any], text: str | None) -> None:
        """Note what stood on the command line."""
        if self.words and text not in self.words:
            raise UsageError(
                f'invalid argument "{text}" for "--{self.name}" flag: one of {",".join(self.words)}'
            )
        if self.takes_value:
            chosen[self.name] = text
        elif self.name == "verbose":
            chosen["verbose"] = chosen.get("verbose", 0) + (int(text) if text and text.isdigit() else 1)
        else:
            chosen[self.name] = text != "false"


GLOBAL = (
    Option(
        name="mod", short="m", value="DIR", doc="Folder of the module's dagger.json (default: the nearest)"
    ),
    Option(name="output", short="o", value="PATH", doc="Save the result to a local file or directory"),
    Option(name="json", short="j", doc="Print the result as JSON"),
    Option(
        name="progress",
        value="MODE",
        doc="auto, rich, plain or json: what is happening, on stderr",
        words=PROGRESS,
    ),
    Option(name="verbose", short="v", doc="Show the output of builds and commands; twice: also tracebacks"),
    Option(name="debug", short="d", doc="Show tracebacks and the client's log"),
    Option(name="quiet", short="q", doc="Show the result and errors only"),
    Option(name="help", short="h", doc="Show this help"),
)


def option(name: str) -> Option | None:
    """The option with this name or letter."""
    return next((each for each in GLOBAL if name in (each.name, each.short)), None)


def named_module(words: Sequence[str]) -> str | None:
    """The folder after --mod or -m, which is needed before the rest can be read.

    NB: not what stands behind another flag, where it would be that flag's value.
    """
    for position, word in enumerate(words):
        name, equals, text = word.partition("=")
        before = words[position - 1] if position else ""
        found = option(before.lstrip("-")) if before.startswith("-") else None
        is_value = before.startswith("--") and "=" not in before and (found is None or found.takes_value)
        if name in ("--mod", "-m") and not is_value:
            return text if equals else next(iter(words[position + 1 :]), None)
    return None
