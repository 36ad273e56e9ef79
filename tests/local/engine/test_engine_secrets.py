"""Secrets: where they come from, and that no answer tells them by accident."""

from pathlib import Path

import dagger
import pytest
from dagger import Client


async def test_what_was_given_is_given_back_when_asked_for(client: Client) -> None:
    secret = client.set_secret("tok", "s3cr3t-value")
    assert [await secret.name(), await secret.plaintext()] == ["tok", "s3cr3t-value"]


async def test_from_the_environment_of_the_engine(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_TEST_SECRET", "of the environment")
    assert await client.secret("env://ENGINE_TEST_SECRET").plaintext() == "of the environment"
    with pytest.raises(dagger.QueryError, match="secret env var not found: ENGINE_TEST_NONE"):
        await client.secret("env://ENGINE_TEST_NONE").plaintext()


async def test_from_a_file_byte_for_byte(client: Client, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of a file\n")
    assert await client.secret(f"file://{tmp_path}/token").plaintext() == "of a file\n"
    with pytest.raises(dagger.QueryError, match="No such file"):
        await client.secret(f"file://{tmp_path}/none").plaintext()


async def test_from_a_command_without_its_last_newline(client: Client) -> None:
    assert await client.secret("cmd://printf 'of a command\\n'").plaintext() == "of a command"
    with pytest.raises(dagger.QueryError, match="exit code 3"):
        await client.secret("cmd://exit 3").plaintext()


@pytest.mark.parametrize("uri", ["nope://x", "plain", "", "vault://a"])
async def test_other_places_are_refused(client: Client, uri: str) -> None:
    with pytest.raises(dagger.QueryError, match="unsupported secret provider"):
        await client.secret(uri).plaintext()


async def test_an_error_does_not_tell_a_secret(client: Client) -> None:
    await client.set_secret("tok", "s3cr3t-value").plaintext()
    with pytest.raises(dagger.QueryError) as caught:
        await client.directory().file("before s3cr3t-value after").sync()
    assert str(caught.value) == "stat before *** after: no such file or directory"


async def test_an_error_tells_what_is_no_secret(client: Client) -> None:
    with pytest.raises(dagger.QueryError, match="s3cr3t-value"):
        await client.directory().file("before s3cr3t-value after").sync()


async def test_ids_do_not_tell_them(client: Client) -> None:
    assert "s3cr3t" not in await client.set_secret("tok", "s3cr3t-value").id()
