"""How a function of the module fails."""

import pytest
from dagger.mod._exceptions import FunctionError

from pipeline.errors import UsageError
from pipeline.functions.told import told

WRONG = UsageError("no such image", where="--only", next_step="dagger call plan")


@pytest.mark.parametrize(
    "raised",
    [WRONG, ExceptionGroup("unhandled", [ExceptionGroup("in two groups", [WRONG])])],
    ids=["plain", "grouped"],
)
def test_a_failure_that_a_person_caused_is_the_engines_own_kind(raised: Exception) -> None:
    """The message ends with a line break: an engine puts its trace behind it, also behind a line to paste."""
    with pytest.raises(FunctionError) as caught, told():
        raise raised
    assert str(caught.value) == f"{WRONG}\n"


def test_a_mistake_of_our_own_keeps_its_kind() -> None:
    with pytest.raises(ZeroDivisionError), told():
        raise ExceptionGroup("unhandled", [ZeroDivisionError()])
