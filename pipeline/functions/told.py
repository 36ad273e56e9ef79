"""How a function of the module fails: with a message for people, without a traceback above it."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

# NB: dagger-io logs a traceback for every exception but its own FunctionError, which it does not export.
from dagger.mod._exceptions import FunctionError

from pipeline.errors import PipelineError
from pipeline.together import first_of

Given = ParamSpec("Given")
Result = TypeVar("Result")


def told(
    method: Callable[Given, Coroutine[Any, Any, Result]],
) -> Callable[Given, Coroutine[Any, Any, Result]]:
    """Let a failure that a person caused be of the engine's own kind, its message kept as it is.

    NB: dagger-io sees the parameters, their types and the description, since it follows ``__wrapped__``.
    """

    @wraps(method)
    async def telling(*arguments: Given.args, **flags: Given.kwargs) -> Result:
        try:
            return await method(*arguments, **flags)
        except PipelineError as error:
            raise _function_error(error) from None
        except BaseExceptionGroup as group:
            # NB: the engine would show "unhandled errors in a TaskGroup" and no reason.
            first = first_of(group)
            raise (_function_error(first) if isinstance(first, PipelineError) else first) from None

    return telling


def _function_error(error: PipelineError) -> FunctionError:
    # NB: an engine puts " [traceparent:…]" behind a message; on a line of its own it spoils no line to paste.
    return FunctionError(f"{error}\n")
