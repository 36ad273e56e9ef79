"""Ways in: challenges, tokens per scope, and that a secret goes nowhere else."""

import base64

import anyio
import pytest
from clients_of_scripts import Clients, Clock
from guarded_registry import BASIC, guarded, token
from ports import free_port
from scripted import ABSENT, Asked, Reply, errors, serving

from pipeline.errors import RegistryError
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.auth import Credentials, is_loopback
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import OCI_MANIFEST, Manifest

DIGEST = f"sha256:{'a' * 64}"
THERE = Reply(headers={"Docker-Content-Digest": DIGEST})
MANIFEST = Manifest(media_type=OCI_MANIFEST, body=b"{}")


async def test_an_anonymous_token_is_fetched_for_our_own_scope(clients: Clients) -> None:
    behaviour = guarded(lambda _asked: THERE, lambda _asked: token("good"))
    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
    first, exchange, second = server.asked
    assert first.authorization == ""
    assert (exchange.path, exchange.query) == (
        "/token",
        {"scope": ["repository:org/x:pull"], "service": ["reg"]},
    )
    assert exchange.authorization == ""
    assert second.authorization == "Bearer good"


async def test_credentials_go_to_the_token_service_and_never_to_the_registry(clients: Clients) -> None:
    behaviour = guarded(
        lambda _asked: Reply(status=201),
        lambda asked: token("good" if asked.authorization == BASIC else "bad"),
    )
    async with serving(behaviour) as server, clients.known(server) as registry:
        await registry.put_manifest("org/x", "1", MANIFEST)
    assert [asked.authorization for asked in server.asked] == ["", BASIC, "Bearer good"]
    assert server.asked[1].query["scope"] == ["repository:org/x:pull,push"]


async def test_a_token_service_that_cannot_be_reached_is_named(clients: Clients) -> None:
    realm = f"http://127.0.0.1:{free_port()}"
    denial = Reply(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}/token",service="reg"'})
    async with serving(lambda _asked: denial) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError) as caught:
            await registry.resolve("org/x", "1")
    assert caught.value.next_step == (
        f"check that {realm} answers from this machine: the registry at http://{server.host} sends there"
    )


async def test_one_exchange_per_scope_however_many_ask_at_once(clients: Clients) -> None:
    behaviour = guarded(lambda _asked: THERE, lambda _asked: token("good", expires_in=300))
    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        await registry.resolve("org/x", "0")
        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(registry.resolve, "org/x", str(number))
                group.start_soon(registry.resolve, "org/y", str(number))
    scopes = [asked.query["scope"][0] for asked in server.asked if asked.path == "/token"]
    assert sorted(scopes) == ["repository:org/x:pull", "repository:org/y:pull"]


async def test_a_token_that_has_run_out_is_renewed(clients: Clients, clock: Clock) -> None:
    issued = iter(["good1", "good2", "good3"])
    behaviour = guarded(lambda _asked: THERE, lambda _asked: token(next(issued), expires_in=30))
    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        await registry.resolve("org/x", "1")
        clock.now += 31
        await registry.resolve("org/x", "1")
    assert server.asked[-1].authorization == "Bearer good2"
    # NB: renewed ahead of use: the registry is not asked with the old one first.
    assert [asked.authorization for asked in server.asked if asked.path != "/token"].count(
        "Bearer good1"
    ) == 1


async def test_a_token_that_is_revoked_is_exchanged_again(clients: Clients) -> None:
    issued = iter(["good", "stale", "good"])
    revoked = guarded(lambda _asked: THERE, lambda _asked: token(next(issued)))
    async with serving(revoked) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
        assert await registry.resolve("org/y", "1") == DIGEST
    assert [asked.authorization for asked in server.asked if asked.path.startswith("/v2/org/y")] == [
        "Bearer stale",
        "Bearer good",
    ]


async def test_access_token_is_a_token_too(clients: Clients) -> None:
    reply = Reply(body=b'{"access_token": "good"}')
    behaviour = guarded(lambda _asked: THERE, lambda _asked: reply)
    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"token": null}'])
async def test_an_answer_without_a_token_is_an_error(clients: Clients, body: bytes) -> None:
    behaviour = guarded(lambda _asked: THERE, lambda _asked: Reply(body=body))
    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="cannot get a token to look up"):
            await registry.resolve("org/x", "1")


async def test_basic_is_answered_only_with_credentials(clients: Clients) -> None:
    def behaviour(asked: Asked) -> Reply:
        good = asked.authorization == BASIC
        return THERE if good else errors(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="r"')

    async with serving(behaviour) as server:
        async with clients.known(server) as registry:
            assert await registry.resolve("org/x", "1") == DIGEST
            assert await registry.resolve("org/x", "2") == DIGEST
        assert [asked.authorization for asked in server.asked] == ["", BASIC, BASIC]
        server.asked.clear()
        async with clients.anonymous(server) as stranger:
            with pytest.raises(DeniedError, match="401"):
                await stranger.resolve("org/x", "1")
    assert [asked.authorization for asked in server.asked] == [""]


async def test_wrong_credentials_are_not_tried_twice(clients: Clients) -> None:
    refusal = errors(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate='Basic realm="r"')
    async with serving(lambda _asked: refusal) as server, clients.known(server) as registry:
        with pytest.raises(DeniedError) as raised:
            await registry.resolve("org/x", "1")
    assert len(server.asked) == 2
    assert raised.value.next_step.startswith(
        "check --username and --token; if they are right, give this user"
    )


async def test_one_denial_right_after_a_token_was_issued_is_forgiven(clients: Clients) -> None:
    denials = iter([errors(403, "DENIED"), Reply(status=201)])
    behaviour = guarded(lambda _asked: next(denials), lambda _asked: token("good"))
    async with serving(behaviour) as server, clients.known(server) as registry:
        await registry.put_manifest("org/x", "1", MANIFEST)
    assert len(clients.lines) == 1


async def test_one_denial_by_the_token_service_is_forgiven_to_a_known_user(clients: Clients) -> None:
    answers = iter([errors(403, "DENIED", "denied"), token("good")])
    behaviour = guarded(lambda _asked: Reply(status=201), lambda _asked: next(answers))
    async with serving(behaviour) as server, clients.known(server) as registry:
        await registry.put_manifest("org/x", "1", MANIFEST)
    assert len(clients.lines) == 1


@pytest.mark.parametrize("by", ["registry", "token service"])
async def test_a_lasting_denial_fails_soon_and_names_package_and_scope(clients: Clients, by: str) -> None:
    denial = errors(403, "DENIED", "permission_denied: write_package")
    at_registry = guarded(lambda _asked: denial, lambda _asked: token("good"))
    behaviour = at_registry if by == "registry" else guarded(lambda _asked: THERE, lambda _asked: denial)
    async with serving(behaviour) as server, clients.known(server, attempts=20) as registry:
        with pytest.raises(DeniedError) as raised:
            await registry.put_manifest("org/ai_system/x", "1", MANIFEST)
    assert len(server.asked) <= 5, server.asked  # a challenge, a token, a denial, and those two once more
    assert f"{server.host}/org/ai_system/x:1" in str(raised.value)
    assert "repository:org/ai_system/x:pull,push" in str(raised.value)
    assert "write_package" in str(raised.value)
    assert raised.value.next_step


async def test_an_anonymous_denial_by_the_token_service_is_unknown_at_once(clients: Clients) -> None:
    """GHCR's answer for packages that are private and for those that do not exist."""
    behaviour = guarded(lambda _asked: ABSENT, lambda _asked: errors(403, "DENIED", "denied"))
    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        with pytest.raises(DeniedError, match="get a token to look up"):
            await registry.resolve("org/x", "1")
    assert clients.lines == []


async def test_with_credentials_an_absent_package_is_absent(clients: Clients) -> None:
    behaviour = guarded(lambda _asked: errors(404, "NAME_UNKNOWN"), lambda _asked: token("good"))
    async with serving(behaviour) as server, clients.known(server) as registry:
        assert await registry.resolve("org/x", "1") is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("registry.localhost:5000", False),
        ("127.0.0.1:80", True),
        ("127.8.9.1", True),
        ("[::1]:5000", True),
        ("ghcr.io", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1:5000", False),
    ],
)
def test_only_this_machine_is_spoken_to_without_encryption(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_token_without_a_user_is_still_a_pair() -> None:
    assert base64.b64decode(Credentials("", "s").basic.removeprefix("Basic ")) == b"token:s"


@pytest.mark.parametrize(
    ("given", "name"), [("ubuntu", "docker.io/library/ubuntu"), ("org/x", "docker.io/org/x")]
)
def test_docker_hub_has_official_images(given: str, name: str) -> None:
    assert Registry("docker.io").name(given) == name
