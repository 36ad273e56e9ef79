"""Every failure that a person can cause or mend: what, where, consequence, next step."""

from typing import ClassVar


class PipelineError(Exception):
    """Root of the failures that are told without a traceback.

    Parameters
    ----------
    what:
        What went wrong, one sentence, no trailing full stop.
    where:
        File, table, key, reference or address it is about.
    consequence:
        What does not happen because of it.
    next_step:
        What to do, a command line where there is one.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", consequence: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.consequence = consequence
        self.next_step = next_step

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        rest = {"so": self.consequence, "next": self.next_step}
        return "\n".join([head, *(f"  {label}: {text}" for label, text in rest.items() if text)])


class CatalogError(PipelineError):
    """fleet.toml, or a file that it names, is wrong."""

    exit_code = 3


class RegistryError(PipelineError):
    """A registry refused, or could not be asked."""

    exit_code = 4


class ReleaseError(PipelineError):
    """A release was refused before any name was given."""

    exit_code = 5


class EngineError(PipelineError):
    """There is no Docker Engine, or it does not do what is needed."""

    exit_code = 6


class UsageError(PipelineError):
    """A command line that cannot be understood."""

    exit_code = 2
