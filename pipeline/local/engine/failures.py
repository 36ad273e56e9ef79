"""How a query fails: one line for people, and for a command its streams and exit code."""

from typing import Any

from pipeline.local.docker.model import ExecFailed
from pipeline.local.engine.scrub import Veil


class QueryError(Exception):
    """A query that cannot be answered; the message is one line and says what went wrong."""


def no_such(path: str) -> QueryError:
    """The failure for a path that is not there."""
    return QueryError(f"stat {path}: no such file or directory")


def not_served(what: str) -> QueryError:
    """The failure for a field, or an argument of one, that would not be heeded."""
    return QueryError(f"{what} is not served by the local engine; use a Dagger engine")


def extensions(failure: ExecFailed, veil: Veil) -> dict[str, Any]:
    """What dagger-io makes an ExecError of (dagger/_exceptions.py): all keys are needed."""
    return {
        "_type": "EXEC_ERROR",
        "cmd": [veil.text(item) for item in failure.command],
        "exitCode": failure.exit_code,
        "stdout": veil.bytes(failure.stdout).decode("utf-8", "replace"),
        "stderr": veil.bytes(failure.stderr).decode("utf-8", "replace"),
    }
