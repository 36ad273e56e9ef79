"""Reading as a stranger first: credentials are shown where a stranger is not told, and nowhere else."""

import anyio
import pytest
from clients_of_scripts import Clients
from guarded_registry import BASIC, guarded, token
from scripted import ABSENT, Asked, Behaviour, Reply, errors, serving

from pipeline.errors import RegistryError
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.media import OCI_MANIFEST, Manifest

DIGEST = f"sha256:{'a' * 64}"
THERE = Reply(headers={"Docker-Content-Digest": DIGEST})
MANIFEST = Manifest(media_type=OCI_MANIFEST, body=b"{}")


def _tokens(asked: Asked) -> Reply:
    return token("good for alice" if asked.authorization == BASIC else "good for anybody", expires_in=300)


def _hidden(answer: Reply) -> Behaviour:
    """A registry that answers strangers so, and shows alice what is there."""
    return guarded(lambda asked: THERE if asked.authorization == "Bearer good for alice" else answer, _tokens)


def _shown(asked: list[Asked]) -> list[str]:
    return [each.path for each in asked if each.authorization == BASIC]


async def test_what_is_public_is_read_without_credentials(clients: Clients) -> None:
    async with serving(guarded(lambda _asked: THERE, _tokens)) as server, clients.known(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
        assert await registry.resolve("org/y", "1") == DIGEST
    assert _shown(server.asked) == []


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_what_a_stranger_is_denied_is_asked_for_by_name(clients: Clients, status: int) -> None:
    async with serving(_hidden(errors(status, "DENIED"))) as server, clients.known(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
        assert await registry.resolve("org/y", "1") == DIGEST
    assert clients.lines == []
    assert _shown(server.asked) == ["/token", "/token"]
    anonymous = [each for each in server.asked if each.path == "/token" and not each.authorization]
    assert len(anonymous) == 1  # once introduced, nobody is a stranger again


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_without_credentials_the_stranger_s_answer_stands(clients: Clients, status: int) -> None:
    behaviour = _hidden(errors(status, "DENIED"))
    async with serving(behaviour) as server, clients.anonymous(server, attempts=2) as registry:
        if status == 404:
            assert await registry.resolve("org/x", "1") is None
        else:
            with pytest.raises(RegistryError, match=str(status)):
                await registry.resolve("org/x", "1")
    assert _shown(server.asked) == []


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_service_may_turn_strangers_away(clients: Clients, status: int) -> None:
    def tokens(asked: Asked) -> Reply:
        return _tokens(asked) if asked.authorization == BASIC else errors(status, "DENIED")

    async with serving(guarded(lambda _asked: THERE, tokens)) as server, clients.known(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
    assert clients.lines == []
    assert _shown(server.asked) == ["/token"]


async def test_a_failing_service_is_no_reason_to_show_credentials(clients: Clients) -> None:
    answers = iter([errors(503, "UNAVAILABLE"), THERE])
    behaviour = guarded(lambda _asked: next(answers), _tokens)
    async with serving(behaviour) as server, clients.known(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
    assert _shown(server.asked) == []
    assert len(clients.lines) == 1


async def test_many_who_are_denied_at_once_all_get_in(clients: Clients) -> None:
    found: list[str | None] = []
    async with serving(_hidden(errors(403, "DENIED"))) as server, clients.known(server) as registry:

        async def ask(number: int) -> None:
            found.append(await registry.resolve(f"org/x{number % 3}", str(number)))

        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(ask, number)
    assert found == [DIGEST] * 12
    assert clients.lines == []


async def test_a_push_shows_credentials_at_once(clients: Clients) -> None:
    behaviour = guarded(lambda _asked: Reply(status=201), _tokens)
    async with serving(behaviour) as server, clients.known(server) as registry:
        await registry.put_manifest("org/pushed", "1", MANIFEST)
    assert [asked.authorization for asked in server.asked] == ["", BASIC, "Bearer good for alice"]


async def test_wrong_credentials_do_not_close_what_is_public(clients: Clients) -> None:
    """A login that has run out must not keep anybody from reading what everybody may."""

    def tokens(asked: Asked) -> Reply:
        return errors(403, "DENIED") if asked.authorization else token("good")

    def content(asked: Asked) -> Reply:
        return THERE if asked.path.endswith("/there") else ABSENT

    async with serving(guarded(content, tokens)) as server, clients.known(server) as registry:
        assert await registry.resolve("org/x", "there") == DIGEST
        with pytest.raises(DeniedError):  # NB: not "absent", which only somebody who may look can say
            await registry.resolve("org/x", "other")
