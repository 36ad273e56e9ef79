"""How a function of the module fails."""

from typing import Annotated

import pytest
from dagger import Doc
from dagger.mod import default_module
from dagger.mod._exceptions import FunctionError
from dagger.mod._resolver import Function

from pipeline.errors import UsageError
from pipeline.functions.told import told
from pipeline.image import Image
from pipeline.main import Pipeline

WRONG = UsageError("no such image", where="--only", next_step="dagger call plan")


@pytest.mark.parametrize(
    "raised",
    [WRONG, ExceptionGroup("unhandled", [ExceptionGroup("in two groups", [WRONG])])],
    ids=["plain", "grouped"],
)
async def test_a_failure_that_a_person_caused_is_the_engines_own_kind(raised: Exception) -> None:
    """The message ends with a line break: an engine puts its trace behind it, also behind a line to paste."""

    @told
    async def fails() -> None:
        raise raised

    with pytest.raises(FunctionError) as caught:
        await fails()
    assert str(caught.value) == f"{WRONG}\n"


async def test_a_mistake_of_our_own_keeps_its_kind() -> None:
    @told
    async def fails() -> None:
        raise ExceptionGroup("unhandled", [ZeroDivisionError()])

    with pytest.raises(ZeroDivisionError):
        await fails()


async def test_what_is_given_and_returned_passes_and_the_signature_is_the_methods_own() -> None:
    async def doubled(number: int, *, times: "Annotated[int, Doc('How often')]" = 2) -> int:
        """Its description."""
        return number * times

    wrapped = told(doubled)
    assert await wrapped(3, times=5) == 15
    seen, own = Function(wrapped), Function(doubled)
    assert seen.parameters == own.parameters
    assert seen.parameters["times"].doc == "How often"
    assert (seen.return_type, seen.doc, seen.name) == (int, "Its description.", "doubled")


def test_every_function_of_the_module_tells_what_a_person_caused() -> None:
    """But `run`, which ends with a directory whatever happens, and those that only make an object."""
    silent = {
        function.original_name
        for kind in (Pipeline, Image)
        for function in default_module().get_object(kind.__name__).functions.values()
        if function.name and not hasattr(function.wrapped, "__wrapped__")
    }
    assert silent == {"run", "image", "family"}
