"""Secrets: where credentials go, and where they must never be seen."""

import logging

import pytest
from clients_of_scripts import SECRET, Clients
from guarded_registry import BASIC, guarded, token
from scripted import ABSENT, Asked, Reply, errors, serving

from pipeline.errors import RegistryError
from pipeline.registry.oci.auth import Credentials
from pipeline.registry.oci.media import OCI_MANIFEST, Manifest

DIGEST = f"sha256:{'a' * 64}"
THERE = Reply(headers={"Docker-Content-Digest": DIGEST})
MANIFEST = Manifest(media_type=OCI_MANIFEST, body=b"{}")


async def test_a_redirect_to_another_host_carries_no_credentials(clients: Clients) -> None:
    async with serving(lambda _asked: Reply(body=b"{}")) as storage:
        away = Reply(status=307, headers={"Location": f"http://{storage.host}/signed?sig=1"})
        behaviour = guarded(lambda _asked: away, lambda _asked: token("good"))
        async with serving(behaviour) as server, clients.known(server) as registry:
            assert await registry.read_blob("org/x", MANIFEST.digest) == b"{}"
    assert [asked.target for asked in storage.asked] == ["/signed?sig=1"]
    assert storage.asked[0].authorization == ""
    assert server.asked[-1].authorization == "Bearer good"


async def test_a_redirect_on_the_same_host_keeps_them(clients: Clients) -> None:
    def content(asked: Asked) -> Reply:
        return (
            Reply(body=b"{}") if asked.path == "/moved" else Reply(status=302, headers={"Location": "/moved"})
        )

    behaviour = guarded(content, lambda _asked: token("good"))
    async with serving(behaviour) as server, clients.known(server) as registry:
        assert await registry.read_blob("org/x", MANIFEST.digest) == b"{}"
    assert server.asked[-1].authorization == "Bearer good"


async def test_redirects_end(clients: Clients) -> None:
    around = Reply(status=302, headers={"Location": "/v2/again"})
    async with serving(lambda _asked: around) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="redirects"):
            await registry.read_blob("org/x", MANIFEST.digest)
    assert len(server.asked) == 5


async def test_the_token_service_may_not_redirect_credentials_away(clients: Clients) -> None:
    async with serving(lambda _asked: token("good")) as thief:
        away = Reply(status=307, headers={"Location": f"http://{thief.host}/token"})
        behaviour = guarded(lambda _asked: THERE, lambda _asked: away)
        async with serving(behaviour) as server, clients.known(server) as registry:
            with pytest.raises(RegistryError, match="307"):
                await registry.resolve("org/x", "1")
    assert thief.asked == []


async def test_credentials_are_not_sent_unencrypted_off_this_machine(clients: Clients) -> None:
    away = errors(401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="http://192.0.2.1/token"')
    async with serving(lambda _asked: away) as server, clients.known(server) as registry:
        with pytest.raises(RegistryError, match="without encryption"):
            await registry.put_manifest("org/x", "1", MANIFEST)


async def test_an_upload_elsewhere_carries_no_credentials(clients: Clients) -> None:
    async with serving(lambda _asked: Reply(status=201)) as storage:

        def content(asked: Asked) -> Reply:
            if asked.method == "HEAD":
                return ABSENT
            return Reply(status=202, headers={"Location": f"http://{storage.host}/upload?state=1"})

        behaviour = guarded(content, lambda _asked: token("good"))
        async with serving(behaviour) as server, clients.known(server) as registry:
            await registry.put_blob("org/x", b"content", media_type="text/plain")
    assert [(asked.method, asked.body, asked.authorization) for asked in storage.asked] == [
        ("PUT", b"content", "")
    ]


async def test_the_secret_is_nowhere_to_be_read(clients: Clients, caplog: pytest.LogCaptureFixture) -> None:
    """The worst server: it sends the secret back in its errors, in both forms."""
    caplog.set_level(logging.DEBUG)
    basic = BASIC.removeprefix("Basic ")
    echo = [errors(503, "UNKNOWN", f"{SECRET} {basic}"), errors(400, "X", f"{SECRET} {basic}")]
    answers = iter(echo)
    behaviour = guarded(lambda _asked: next(answers), lambda _asked: token("good"))
    async with serving(behaviour) as server, clients.known(server) as registry:
        with pytest.raises(RegistryError) as raised:
            await registry.manifest("org/x", "1")
        shown = [repr(registry), repr(vars(registry)), str(raised.value), repr(raised.value), caplog.text]
        shown += [repr(Credentials("alice", SECRET)), *clients.lines]
    assert "***" in str(raised.value)
    assert "***" in clients.lines[0]
    assert not [text for text in shown if SECRET in text or basic in text or "good" in text]
