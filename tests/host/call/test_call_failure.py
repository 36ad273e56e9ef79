"""Failures in words."""

import dagger
import gql
import pytest
from dagger._exceptions import QueryErrorValue
from dagger.mod._exceptions import FunctionError

from pipeline.errors import CatalogError
from pipeline.host.call.failure import describe, exit_code


def exec_error(code: int, stdout: str = "oo", stderr: str = "ee") -> Exception:
    facts = {"_type": "EXEC_ERROR", "cmd": ["x"], "exitCode": code, "stdout": stdout, "stderr": stderr}
    return dagger.QueryError([QueryErrorValue(f"exit code: {code}", extensions=facts)], gql.gql("{a}"))


def function_error(cause: BaseException) -> FunctionError:
    error = FunctionError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (function_error(ValueError("a\n  b")), "a\n  b", 1),
        (function_error(CatalogError("no such key", where="fleet.toml")), "fleet.toml: no such key", 1),
        (function_error(KeyError()), "KeyError", 1),
        (function_error(ExceptionGroup("g", [ValueError("x"), ValueError("x")])), "ValueError: x", 1),
        (function_error(ExceptionGroup("g", [exec_error(7)])), "exit code: 7\nStdout:\noo\nStderr:\nee", 1),
        (exec_error(3), "exit code: 3\nStdout:\noo\nStderr:\nee", 3),
        (exec_error(3, stderr=""), "exit code: 3\nStdout:\noo", 3),
        (exec_error(0), "exit code: 0\nStdout:\noo\nStderr:\nee", 1),
        (RuntimeError("odd"), "RuntimeError: odd", 1),
    ],
    ids=lambda each: str(each)[:30],
)
def test_a_failure_is_told(error, words, code):
    assert describe(error) == words
    assert exit_code(error) == code
