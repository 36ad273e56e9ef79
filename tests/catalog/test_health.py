"""How a service says that it is ready: the ways, by their keys or by name, and what does not go together."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.catalog.service import Health


@pytest.mark.parametrize(
    ("keys", "probe"),
    [
        ({"port": 80}, "httpGet"),
        ({"port": 80, "script": "check"}, "exec"),
        ({"script": "check"}, "exec"),
        ({"log": "serving"}, "logLine"),
        ({"port": 80, "log": "serving"}, "logLine"),
        ({"port": 80, "probe": "tcpSocket"}, "tcpSocket"),
        ({"port": 80, "script": "check", "probe": "httpGet"}, "httpGet"),
    ],
)
def test_the_way_that_the_keys_mean(keys: dict[str, Any], probe: str) -> None:
    assert Health.model_validate(keys).probe == probe


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "give a port or a script, or a log line"),
        ({"probe": "exec", "port": 80}, "exec needs a script"),
        ({"probe": "logLine", "port": 80}, "logLine needs a log"),
        ({"probe": "tcpSocket", "script": "x"}, "tcpSocket needs a port"),
        ({"log": "x", "status": 200}, "status mean nothing to logLine"),
        ({"probe": "httpGet2", "port": 80}, "probe"),
        ({"port": 80, "answer": {"a b": "x"}}, "is not the place of a field"),
        ({"port": 80, "answer": {"a": "two\nlines"}}, "answer"),
        ({"port": 80, "answer": {"a": {}}}, "answer"),
        ({"port": 80, "status": 20}, "status"),
    ],
)
def test_what_does_not_go_together(keys: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Health.model_validate(keys)


def test_values_of_an_answer_are_as_json_has_them() -> None:
    health = Health.model_validate({"port": 80, "answer": {"a": True, "b.0": 3, "c": "x"}})
    assert health.answer == {"a": "true", "b.0": "3", "c": "x"}
