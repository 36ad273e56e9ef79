"""What went wrong, in words: no traceback for a function that failed, no exception group for its reader."""

import traceback
from collections.abc import Iterator

import dagger
from dagger.mod._exceptions import FunctionError, ModuleError

from pipeline.errors import PipelineError


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    elif isinstance(error, FunctionError) and isinstance(error.__cause__, BaseExceptionGroup):
        yield from _leaves(error.__cause__)
    else:
        yield error


def _words(error: BaseException) -> str:
    if isinstance(error, dagger.ExecError):
        streams = (("Stdout", error.stdout), ("Stderr", error.stderr))
        return "\n".join([error.message, *(f"{name}:\n{text}" for name, text in streams if text)])
    if isinstance(error, (FunctionError, PipelineError)) and str(error):
        return str(error)
    if isinstance(error, (ModuleError, dagger.DaggerError)):
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def describe(error: BaseException) -> str:
    """The message for people; of an exception group every member's, each once."""
    cause = error.__cause__ if isinstance(error, FunctionError) and not str(error) else None
    words = dict.fromkeys(_words(each) for each in _leaves(cause or error))
    return "\n".join(words)


def exit_code(error: BaseException) -> int:
    """1, or the command's for an ExecError that nobody caught."""
    return (error.exit_code or 1) if isinstance(error, dagger.ExecError) else 1


def with_traceback(error: BaseException) -> str:
    """Where in the module it came from."""
    return "".join(traceback.format_exception(error))
