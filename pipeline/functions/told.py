"""How a function of the module fails: with a message for people, without a traceback above it."""

from collections.abc import Iterator
from contextlib import contextmanager

# NB: dagger-io logs a traceback for every exception but its own FunctionError, which it does not export.
from dagger.mod._exceptions import FunctionError

from pipeline.errors import PipelineError
from pipeline.reporting.model import Run, Verdict
from pipeline.stages.together import first_of


class RedRunError(PipelineError):
    """A run in which something failed; its message is the whole summary."""


def demand(run: Run, summary: str) -> None:
    """Raise RedRunError with the summary unless the run passed (or was skipped)."""
    if run.verdict is Verdict.FAILED:
        raise RedRunError(summary.rstrip("\n"))


@contextmanager
def told() -> Iterator[None]:
    """Turn a failure that a person caused into the engine's own kind, its message kept as it is."""
    try:
        yield
    except PipelineError as error:
        raise _function_error(error) from None
    except BaseExceptionGroup as group:
        # NB: the engine would show "unhandled errors in a TaskGroup" and no reason.
        first = first_of(group)
        if isinstance(first, PipelineError):
            raise _function_error(first) from None
        raise first from None


def _function_error(error: PipelineError) -> FunctionError:
    # NB: an engine puts " [traceparent:…]" behind a message; on a line of its own it spoils no line to paste.
    return FunctionError(f"{error}\n")
