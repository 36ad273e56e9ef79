"""How a query fails: one line for people, and for a command its streams and exit code."""

from collections.abc import Sequence
from typing import Any


class QueryError(Exception):
    """A query that cannot be answered; the message is one line and says what went wrong."""


class CommandError(QueryError):
    """A command ended otherwise than expected; the client makes an ExecError of it."""

    def __init__(
        self, *, command: Sequence[str], exit_code: int, stdout: str, stderr: str, what: str = ""
    ) -> None:
        super().__init__(what or f"exit code: {exit_code}")
        self.command = tuple(command)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr

    @property
    def extensions(self) -> dict[str, object]:
        """What dagger-io reads (dagger/_exceptions.py): all keys are needed."""
        return {
            "_type": "EXEC_ERROR",
            "cmd": list(self.command),
            "exitCode": self.exit_code,
            "stdout": self.stdout,
            "stderr": self.stderr,
        }


def no_such(path: str) -> QueryError:
    """The failure for a path that is not there."""
    return QueryError(f"stat {path}: no such file or directory")


def unserved(field: str, **given: Any) -> None:
    """Fail for arguments that were given and would not be heeded."""
    heedless = ", ".join(name for name, value in given.items() if value)
    if heedless:
        raise QueryError(f"{field}({heedless}) is not served by the local engine; use a Dagger engine")
