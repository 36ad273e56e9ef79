"""What flags are refused for, before the source is read."""

from dataclasses import fields
from typing import cast

import dagger
import gql
import pytest
from dagger import QueryError
from dagger._exceptions import QueryErrorValue

from pipeline.errors import UsageError
from pipeline.functions.single import Choice
from pipeline.main import Pipeline
from pipeline.stages.request import Request, opened, text_of

UNREAD = None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param({"registry": "http://localhost:5050"}, "--registry: 'http://localhost:5050'", id="URL"),
        pytest.param({"registry": "localhost:5050/x"}, "--registry: 'localhost:5050/x'", id="with a path"),
        pytest.param({"registry": "hub"}, "--registry: 'hub'", id="no host"),
        pytest.param({"scratch_registry": "https://x.io/y"}, "--scratch-registry: 'https:'", id="scratch"),
        pytest.param({"jobs": 0}, "--jobs: 0 jobs do nothing", id="no jobs"),
        pytest.param({"memory": "8Gb"}, "--memory: '8Gb' is not an amount", id="no amount"),
        pytest.param({"registry": "[::1]:5000", "jobs": 0}, "--jobs: 0 jobs", id="an address"),
    ],
)
async def test_a_flag_that_cannot_be_used(flags: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        async with opened(Request(source=UNREAD, **flags)):  # type: ignore[arg-type]
            pass
    assert str(caught.value).startswith(said)


def test_every_setting_of_the_module_arrives_in_a_request_and_in_an_image() -> None:
    given = {each.name: object() for each in fields(Pipeline)}
    module = Pipeline(**given)  # type: ignore[arg-type]
    assert vars(module._request()) == given
    image = module.family("f", "b")
    assert image._choice(gpu=True) == Choice(
        request=Request(**{**given, "scratch_registry": ""}),  # type: ignore[arg-type]
        kind="family",
        name="f",
        base="b",
        gpu=True,
    )


class Unreadable:
    """A secret as a Dagger engine 0.21.8 answers for one whose environment variable is not set."""

    async def plaintext(self) -> str:
        said = 'rpc error: code = Unknown desc = secret env var not found: "GHC..." [traceparent:1-2]'
        raise QueryError([QueryErrorValue(message=said, extensions={})], gql.GraphQLRequest("{ x }"))


async def test_a_secret_that_cannot_be_read_is_told_with_its_flag() -> None:
    with pytest.raises(UsageError) as caught:
        await text_of(cast("dagger.Secret", Unreadable()), "--token")
    assert str(caught.value).splitlines()[0] == '--token: cannot be read: secret env var not found: "GHC..."'
    assert "env:NAME" in caught.value.next_step
