"""What contexts of the API ask of a shared converter is answered as by one of their own."""

import dagger
import pytest
from dagger.client import _core

from pipeline.host.call import shortcuts


@pytest.fixture(params=["dagger-io's own", "shared"])
def context(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> _core.Context:
    monkeypatch.setattr(_core, "make_converter", _core.make_converter)
    if request.param == "shared":
        shortcuts.take()
        shortcuts.take()
    return _core.Context()


def test_arguments(context: _core.Context):
    given = [
        _core.Arg("buildArgs", [dagger.BuildArg("a", "b")]),
        _core.Arg("expect", dagger.ReturnType.ANY),
        _core.Arg("left", "out", "out"),
    ]
    [field] = context.select("Container", "withExec", given).selections
    assert field.args == {"buildArgs": [{"name": "a", "value": "b"}], "expect": "ANY"}


@pytest.mark.parametrize(
    ("value", "type_", "found"),
    [
        ("text", str, "text"),
        (["a", "b"], list[str], ["a", "b"]),
        ("ANY", dagger.ReturnType, dagger.ReturnType.ANY),
        (3, int, 3),
    ],
    ids=["text", "texts", "enum", "number"],
)
def test_answers(context: _core.Context, value: object, type_: type, found: object):
    assert context.get_value(value, type_) == found  # type: ignore[arg-type]


def test_objects_out_of_a_list_know_where_they_are_from(context: _core.Context):
    [made] = context.converter.structure([{}], list[dagger.EnvVariable])
    assert made._ctx is context


def test_a_chain_makes_no_converter_for_each_link(monkeypatch: pytest.MonkeyPatch):
    made: list[_core.Context] = []
    real = _core.make_converter
    monkeypatch.setattr(_core, "make_converter", lambda context: made.append(context) or real(context))
    shortcuts.take()
    context = _core.Context()
    for _ in range(5):
        context = context.select("Container", "withExec", [_core.Arg("args", ["true"])])
    assert len(made) == 1


async def test_the_id_of_an_object_that_is_known_by_it_is_not_asked_for(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    async def execute(self: _core.Context, return_type: object = None) -> str:
        asked.append(self.selections[-1].name)
        return "answer"

    monkeypatch.setattr(_core, "make_converter", _core.make_converter)
    monkeypatch.setattr(_core.Context, "execute", execute)
    shortcuts.take()
    known = dagger.File(_core.Context().select_id("File", "File@abc"))
    assert (await known.id(), asked) == ("File@abc", [])
    assert (await known.name(), asked) == ("answer", ["name"])
    assert (await dagger.dag.directory().id(), asked) == ("answer", ["name", "id"])
