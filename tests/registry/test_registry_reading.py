"""Reading from a registry that answers truthfully, falsely, late or not at all."""

import hashlib
import time
from pathlib import Path

import pytest
from clients_of_scripts import Clients
from ports import free_port
from scripted import ABSENT, RESET, Asked, Reply, errors, in_turn, serving

from pipeline.errors import RegistryError
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.media import OCI_MANIFEST, Manifest

BODY = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
OTHER = f"sha256:{'0' * 64}"
THERE = Reply(headers={"Docker-Content-Digest": DIGEST, "Content-Type": OCI_MANIFEST}, body=BODY)
BARE = Reply(headers={"Content-Type": f"{OCI_MANIFEST}; charset=utf-8"}, body=BODY)
BUSY = Reply(status=503)


async def test_resolve_reads_the_header_and_no_body(clients: Clients) -> None:
    async with serving(in_turn(THERE)) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
    assert [(asked.method, asked.target) for asked in server.asked] == [("HEAD", "/v2/org/x/manifests/1")]
    assert OCI_MANIFEST in server.asked[0].headers["accept"]


@pytest.mark.parametrize("name", ["org/x", "HOST/org/x"])
async def test_repositories_are_taken_with_and_without_the_host(clients: Clients, name: str) -> None:
    async with serving(in_turn(THERE)) as server, clients.anonymous(server) as registry:
        await registry.resolve(name.replace("HOST", server.host), "1")
        assert registry.name(name.replace("HOST", server.host), DIGEST) == f"{server.host}/org/x@{DIGEST}"
    assert server.asked[0].path == "/v2/org/x/manifests/1"


async def test_resolve_without_the_header_computes_the_digest(clients: Clients) -> None:
    async with serving(in_turn(BARE, BARE)) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", "1") == DIGEST
    assert server.methods() == ["HEAD", "GET"]


async def test_a_digest_is_not_believed_when_the_header_names_another(clients: Clients) -> None:
    lie = Reply(headers={"Docker-Content-Digest": OTHER}, body=BODY)
    async with serving(lambda _asked: lie) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", DIGEST) == DIGEST
        with pytest.raises(RegistryError, match="the body has digest"):
            await registry.resolve("org/x", f"sha256:{'1' * 64}")


async def test_a_web_page_is_no_manifest_and_says_who_may_have_answered(clients: Clients) -> None:
    page = Reply(headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<html>please log in</html>")
    async with serving(lambda _asked: page) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="a web page") as caught:
            await registry.resolve("org/x", "1")
    assert f"http://{server.host}/v2/" in caught.value.next_step
    assert server.methods() == ["HEAD", "GET"]


async def test_absent_is_none_for_every_question(clients: Clients, tmp_path: Path) -> None:
    async with serving(lambda _asked: ABSENT) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", "1") is None
        assert await registry.manifest("org/x", "1") is None
        assert await registry.tags("org/x") is None
        assert await registry.read_blob("org/x", DIGEST) is None
        assert await registry.blob("org/x", DIGEST, tmp_path / "blob") is False
        assert await registry.layers("org/x", DIGEST) == ()
    assert clients.lines == []


@pytest.mark.parametrize("status", [401, 403])
async def test_denied_is_unknown_and_never_absent(clients: Clients, status: int) -> None:
    reply = errors(status, "DENIED", "requested access to the resource is denied")
    async with serving(lambda _asked: reply) as server, clients.anonymous(server) as registry:
        for question in (
            registry.resolve("org/x", "1"),
            registry.manifest("org/x", "1"),
            registry.tags("org/x"),
        ):
            with pytest.raises(DeniedError) as raised:
                await question
            assert "neither for present nor for absent" in str(raised.value)
            assert "repository:org/x:pull" in str(raised.value)
            assert "--token" in raised.value.next_step


@pytest.mark.parametrize("status", [400, 405, 418, 501])
async def test_other_refusals_fail_at_once(clients: Clients, status: int) -> None:
    reply = errors(status, "X", "because")
    async with serving(lambda _asked: reply) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match=f"answers {status} X: because"):
            await registry.manifest("org/x", "1")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        pytest.param([BUSY, BUSY], "503", id="503 twice"),
        pytest.param([errors(500, "UNKNOWN", "disk")], "500 UNKNOWN: disk", id="500"),
        pytest.param([RESET], "", id="reset"),
        pytest.param([Reply(body=BODY, cut=5)], "peer closed", id="EOF in the body"),
        pytest.param([errors(429, "TOOMANYREQUESTS", "slow down", Retry_After="0")], "slow down", id="429"),
        pytest.param([Reply(headers=THERE.headers, body=b"{}")], "the body has digest", id="other bytes"),
    ],
)
async def test_faults_that_pass_are_survived_and_told(
    clients: Clients, faults: list[Reply], told: str
) -> None:
    async with serving(in_turn(*faults, THERE)) as server, clients.anonymous(server) as registry:
        manifest = await registry.manifest("org/x", "1")
    assert manifest is not None
    assert (manifest.digest, manifest.body, manifest.media_type) == (DIGEST, BODY, OCI_MANIFEST)
    assert len(clients.lines) == len(faults)
    assert all(told in line and "org/x:1" in line for line in clients.lines)


async def test_faults_that_stay_end_in_an_error(clients: Clients) -> None:
    async with serving(lambda _asked: RESET) as server, clients.anonymous(server, attempts=3) as registry:
        with pytest.raises(RegistryError, match=r"3 attempts") as raised:
            await registry.resolve("org/x", "1")
    assert "unknown" in raised.value.consequence
    assert len(server.asked) == 3


async def test_retry_after_is_obeyed(clients: Clients) -> None:
    script = in_turn(errors(429, "TOOMANYREQUESTS", Retry_After="1"), THERE)
    async with serving(script) as server, clients.anonymous(server) as registry:
        began = time.monotonic()
        assert await registry.resolve("org/x", "1") == DIGEST
    assert time.monotonic() - began >= 1.0
    assert [line.rpartition("; ")[2][:14] for line in clients.lines] == ["attempt 2 in 1"]


async def test_a_server_that_asks_for_an_hour_is_not_waited_for(clients: Clients) -> None:
    limited = errors(429, "TOOMANYREQUESTS", "later", Retry_After="3600")
    async with serving(lambda _asked: limited) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="answers 429"):
            await registry.resolve("org/x", "1")
    assert len(server.asked) == 1


async def test_nobody_listening_fails_at_once(clients: Clients) -> None:
    host = f"127.0.0.1:{free_port()}"
    async with clients.of(host) as registry:
        with pytest.raises(RegistryError, match="cannot look up") as raised:
            await registry.resolve("org/x", "1")
    assert f"http://{host}/v2/ from this machine; on a Dagger engine" in raised.value.next_step
    assert clients.lines == []


async def test_what_was_just_written_is_waited_for(clients: Clients) -> None:
    def behaviour(asked: Asked) -> Reply:
        if asked.method == "PUT":
            return Reply(status=201, headers={"Docker-Content-Digest": DIGEST})
        return ABSENT if len(server.asked) < 4 else THERE

    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        assert await registry.resolve("org/x", "1") is None
        server.asked.clear()
        await registry.put_manifest("org/x", "1", Manifest(media_type=OCI_MANIFEST, body=BODY))
        assert await registry.resolve("org/x", "1") == DIGEST
    assert server.methods() == ["PUT", "HEAD", "HEAD", "HEAD"]


async def test_a_blob_is_streamed_into_a_file_and_verified(clients: Clients, tmp_path: Path) -> None:
    target = tmp_path / "blob"
    script = in_turn(Reply(body=BODY, cut=3), Reply(body=b"x" * 99), Reply(body=BODY))
    async with serving(script) as server, clients.anonymous(server) as registry:
        assert await registry.blob("org/x", DIGEST, target) is True
    assert target.read_bytes() == BODY
    assert len(clients.lines) == 2


async def test_a_blob_that_never_has_its_digest_is_an_error(clients: Clients) -> None:
    async with serving(lambda _asked: Reply(body=b"forged")) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="another digest"):
            await registry.read_blob("org/x", DIGEST)


async def test_tags_are_followed_from_page_to_page(clients: Clients) -> None:
    pages = {
        "": Reply(headers={"Link": '<?last=b>; rel="next"'}, body=b'{"tags": ["a", "b"]}'),
        "b": Reply(
            headers={"Link": '</v2/org/x/tags/list?last=c>; rel="next"'}, body=b'{"tags": ["b", "c"]}'
        ),
        "c": Reply(body=b'{"tags": null}'),
    }

    def behaviour(asked: Asked) -> Reply:
        return pages[asked.query.get("last", [""])[0]]

    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        assert await registry.tags("org/x") == ("a", "b", "c")
    assert {asked.path for asked in server.asked} == {"/v2/org/x/tags/list"}


async def test_a_list_that_is_none_is_an_error(clients: Clients) -> None:
    async with serving(lambda _asked: Reply(body=b"<html>")) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="no list of tags"):
            await registry.tags("org/x")
