"""Values: equal operations are one value, ids lead back to it and tell nothing."""

import pytest

from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.values import Graph


def test_equal_operations_have_equal_digests() -> None:
    graph = Graph()
    one, two = (graph.value("File", "Query.file", {"name": "a", "permissions": 1}, None) for _ in range(2))
    other_order = graph.value("File", "Query.file", {"permissions": 1, "name": "a"}, None)
    assert one.digest == two.digest == other_order.digest


def test_whatever_differs_shows_in_the_digest() -> None:
    graph = Graph()
    parent = graph.value("Directory", "Query.directory", {}, None)
    values = [
        graph.value("A", "T.a", {}, None),
        graph.value("A", "T.b", {}, None),
        graph.value("A", "T.a", {"x": 1}, None),
        graph.value("A", "T.a", {"x": "1"}, None),
        graph.value("A", "T.a", {"x": [1]}, None),
        graph.value("A", "T.a", {"x": parent}, None),
        graph.value("A", "T.a", {"x": f"value {parent.digest}x"}, None),
        graph.value("A", "T.a", {}, parent),
        graph.value("A", "T.a", {}, None, 0),
        graph.value("A", "T.a", {}, None, 1),
    ]
    assert len({value.digest for value in values}) == len(values)


def test_an_id_leads_back_to_its_value() -> None:
    graph = Graph()
    value = graph.value("Directory", "Query.directory", {}, None)
    assert graph.load(graph.identify(value)) is value
    assert graph.load(value.id, "Directory") is value


@pytest.mark.parametrize("identity", ["", "Directory@", "Directory@" + "0" * 64, "x" * 10_000])
def test_an_unknown_id_is_refused(identity: str) -> None:
    with pytest.raises(QueryError, match="not known"):
        Graph().load(identity)


def test_an_id_of_another_type_is_refused() -> None:
    graph = Graph()
    identity = graph.identify(graph.value("File", "Query.file", {}, None))
    with pytest.raises(QueryError, match="a Directory is needed, the id is one of a File"):
        graph.load(identity, "Directory")


def test_an_id_of_another_session_is_refused() -> None:
    here, there = Graph(), Graph()
    identity = here.identify(here.value("Directory", "Query.directory", {}, None))
    there.identify(there.value("Directory", "Query.directory", {}, None))
    with pytest.raises(QueryError):
        there.load(identity)


def test_a_secret_cannot_be_guessed_from_an_id() -> None:
    arguments = {"name": "n", "plaintext": "hunter2"}
    ids = {Graph().value("Secret", "Query.setSecret", arguments, None).id for _ in range(2)}
    assert len(ids) == 2, "the digest depends on nothing that an outsider lacks"
    assert not any("hunter2" in identity for identity in ids)
