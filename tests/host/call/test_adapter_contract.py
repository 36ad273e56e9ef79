"""What pipeline/host/call/adapter.py and binding.py expect of the installed dagger-io's private parts."""

import importlib.metadata
from typing import Annotated

import dagger
import pytest
from dagger import DefaultPath, Doc, Ignore, field, function, object_type
from dagger.client._session import ConnectParams, SharedConnection
from dagger.mod import _module

from pipeline.host.call import adapter
from pipeline.host.call.model import Function, Type


@object_type
class Contract:
    """What a class is reflected to."""

    tree: Annotated[dagger.Directory, DefaultPath("/x"), Ignore(["*.log"]), Doc("A tree")] = field()
    hidden: int = 4

    @function(cache="never", doc="Other words")  # pyright: ignore[reportCallIssue]
    def lists(self, names: list[str] | None = None, from_: str = "a") -> list[dagger.File]:
        """Not shown."""
        return []

    @function
    def itself(self) -> "Contract":
        """Return itself."""
        return self


def by_name(functions: tuple[Function, ...], name: str) -> Function:
    return next(each for each in functions if each.name == name)


@pytest.fixture(scope="module")
def new() -> Function:
    return adapter.constructor_of(Contract)


def test_the_release_is_one_that_was_tried():
    assert importlib.metadata.version("dagger-io").startswith("0.21.")


def test_a_constructor_is_reflected(new: Function):
    tree, hidden = new.parameters
    assert (tree.flag, tree.type.name, tree.default_path, tree.ignore) == (
        "tree",
        "Directory",
        "/x",
        ("*.log",),
    )
    assert (tree.doc, tree.required) == ("A tree", False)
    assert (hidden.flag, hidden.default, hidden.required) == ("hidden", "4", False)
    assert new.returns.python is Contract


def test_functions_and_fields_are_reflected(new: Function):
    functions = adapter.functions_of(new.returns)
    assert [each.name for each in functions] == ["itself", "lists", "tree"]
    assert by_name(functions, "tree").is_field
    assert by_name(functions, "itself").returns.python is Contract
    lists = by_name(functions, "lists")
    assert (lists.doc, lists.returns.innermost.name, lists.returns.kind) == ("Other words", "File", "list")
    assert [(each.key, each.flag) for each in lists.parameters] == [("names", "names"), ("from", "from")]


def test_the_runtimes_way_of_calling_is_there():
    for name in ("get_result", "structure", "_converter"):
        assert hasattr(_module.Module(), name), name
    assert {"with_params", "connect", "close"} <= set(dir(SharedConnection))
    assert ConnectParams(port=1, session_token="t").url.path == "/query"


async def test_a_call_goes_through_the_runtimes_json():
    module = Contract.__dagger_module__  # pyright: ignore[reportAttributeAccessIssue]
    assert (
        await module.get_result("Contract", {"tree": "an id", "hidden": 2}, "lists", {"names": ["a"]}) == []
    )


@pytest.mark.parametrize(
    "cls", [dagger.Container, dagger.Directory, dagger.File, dagger.Service, dagger.Secret]
)
def test_every_type_of_an_api_class_is_known(cls: type):
    functions = adapter.functions_of(adapter.type_of(cls))
    used = [each.returns for each in functions] + [
        flag.type for each in functions for flag in each.parameters
    ]
    assert functions
    assert not [each for each in used if each.innermost.kind == "unknown"]


@pytest.mark.parametrize(
    ("cls", "name", "flags", "returns"),
    [
        (dagger.Container, "file", {"path": True, "expand": False}, "File"),
        (dagger.Container, "with-secret-variable", {"name": True, "secret": True}, "Container"),
        (dagger.Directory, "entries", {"path": False}, "strings"),
        (
            dagger.Directory,
            "docker-build",
            {"dockerfile": False, "target": False, "platform": False},
            "Container",
        ),
        (dagger.Container, "sync", {}, "Container"),
        (dagger.Container, "exit-code", {}, "int"),
        (dagger.Container, "env-variables", {}, "EnvVariables"),
    ],
)
def test_methods_of_the_api_are_reflected(cls: type, name: str, flags: dict[str, bool], returns: str):
    found = by_name(adapter.functions_of(adapter.type_of(cls)), name)
    required = {each.flag: each.required for each in found.parameters}
    assert required.items() >= flags.items()
    assert found.returns.name == returns
    assert found.summary


def test_what_has_no_form_on_a_command_line_is_left_out():
    build = by_name(adapter.functions_of(adapter.type_of(dagger.Directory)), "docker-build")
    assert build.parameter("build-args") is None
    assert build.parameter("secrets") is not None
    names = {each.name for each in adapter.functions_of(adapter.type_of(dagger.Container))}
    assert not names & {"id", "with", "with-env-file-variables"}


@pytest.mark.parametrize(
    "type_", [Type(kind="string"), Type(kind="void"), Type(kind="list", element=Type(kind="integer"))]
)
def test_nothing_follows_a_plain_value(type_: Type):
    assert adapter.functions_of(type_) == ()
