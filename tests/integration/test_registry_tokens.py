"""Our client against Debian's docker-registry with TLS and tokens: a real verifier of every signature."""

from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from own_certificates import Authority
from tiny_images import push_candidate, push_image
from token_registry import USERS, TokenService, own_address, running_with_tokens, serving_tls
from unhurried import Unhurried

from pipeline.errors import RegistryError, ReleaseError
from pipeline.registry.documents.record import Facts
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import digest_of
from pipeline.registry.tag_phase.release import release

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry is on this machine, although its address does not say so."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def service(authority: Authority) -> TokenService:
    return TokenService(authority)


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, service: TokenService
) -> Iterator[str]:
    with running_with_tokens(tmp_path_factory.mktemp("registry"), authority, service) as address:
        yield address


@pytest.fixture
async def alice(host: str, authority: Authority, service: TokenService) -> AsyncIterator[Registry]:
    async with Registry(host, "alice", USERS["alice"], trust=authority.trust()) as registry:
        service.asked.clear()
        yield registry


async def test_a_push_and_everything_read_back(
    alice: Registry, service: TokenService, tmp_path: Path
) -> None:
    digest = await push_image(alice, "private/x", "one", content="layer")
    assert await alice.resolve("private/x", "one") == digest
    assert await alice.resolve("private/x", "two") is None
    assert await alice.tags("private/x") == ("one",)
    assert [layer.size for layer in await alice.layers("private/x", digest)] == [len("layer")]
    assert await alice.blob("private/x", digest_of(b"layer"), tmp_path / "layer")
    await alice.put_blob("private/y", b"layer", media_type="text/plain", mount_from="private/x")
    scopes = {scope for _, scope in service.asked}
    assert "repository:private/y:pull,push repository:private/x:pull" in scopes
    assert len(service.asked) <= 2 * len(scopes)  # one exchange for each scope and identity


async def test_a_whole_release(alice: Registry, host: str) -> None:
    tag, facts = "20250810-9c99cc9", Facts(fleet="small", commit="9c99cc9" + "0" * 33, commit_date="")
    quick = Unhurried()
    units = [await push_candidate(alice, "private", name, content="1") for name in ("one", "two")]
    names = await release(alice, "private/release", tag, units, facts, timing=quick)
    assert {f"{host}/{unit.repository}:{tag}@{unit.digest}" for unit in units} < {*names}
    assert [await alice.resolve(unit.repository, tag) for unit in units] == [unit.digest for unit in units]
    newer = [await push_candidate(alice, "private", name, content="2") for name in ("one", "two")]
    with pytest.raises(ReleaseError, match="recorded with other digests"):
        await release(alice, "private/release", tag, newer, facts, timing=quick)


async def test_strangers_read_what_is_public_and_alice_need_not_say_her_name(
    alice: Registry, host: str, authority: Authority, service: TokenService
) -> None:
    digest = await push_image(alice, "public/x", "one", content="layer")
    async with Registry(host, trust=authority.trust()) as stranger:
        assert await stranger.resolve("public/x", "one") == digest
    service.asked.clear()
    async with Registry(host, "alice", USERS["alice"], trust=authority.trust()) as again:
        assert await again.resolve("public/x", "one") == digest
    assert [user for user, _ in service.asked] == [""]


async def test_strangers_do_not_learn_what_is_private_and_alice_does(
    alice: Registry, host: str, authority: Authority, service: TokenService
) -> None:
    digest = await push_image(alice, "private/z", "one", content="layer")
    async with Registry(host, trust=authority.trust()) as stranger:
        with pytest.raises(DeniedError, match="401"):
            await stranger.resolve("private/z", "one")
    service.asked.clear()
    async with Registry(host, "alice", USERS["alice"], trust=authority.trust()) as again:
        assert await again.resolve("private/z", "one") == digest
    assert [user for user, _ in service.asked] == ["", "alice"]


async def test_who_may_only_read_cannot_push(host: str, authority: Authority, service: TokenService) -> None:
    async with Registry(host, "reader", USERS["reader"], trust=authority.trust()) as reader:
        service.asked.clear()
        with pytest.raises(DeniedError, match="repository:private/r:pull,push"):
            await push_image(reader, "private/r", "one", content="layer")
        # Of two blobs, each is denied once, and once more since its token was new: nobody goes on trying.
        assert service.asked.count(("reader", "repository:private/r:pull,push")) <= 4
        assert await reader.resolve("private/r", "one") is None


async def test_the_right_to_push_is_found_out_and_nothing_is_left(
    host: str, authority: Authority, alice: Registry
) -> None:
    await alice.try_push("private/tried")
    assert await alice.tags("private/tried") is None
    async with Registry(host, "reader", USERS["reader"], trust=authority.trust()) as reader:
        with pytest.raises(DeniedError, match="repository:private/tried:pull,push"):
            await reader.try_push("private/tried")


async def test_a_wrong_password_is_told_without_it(host: str, authority: Authority) -> None:
    async with Registry(host, "alice", "not-hers", trust=authority.trust()) as registry:
        with pytest.raises(DeniedError, match="wrong password") as raised:
            await registry.resolve("private/x", "one")
    assert "not-hers" not in str(raised.value)


async def test_a_token_that_another_authority_signed_opens_nothing(
    host: str, authority: Authority, service: TokenService, tmp_path: Path
) -> None:
    ours, service.signer = service.signer, Authority(tmp_path)
    try:
        async with Registry(host, "alice", USERS["alice"], trust=authority.trust()) as registry:
            with pytest.raises(DeniedError):
                await push_image(registry, "private/forged", "one", content="layer")
    finally:
        service.signer = ours


async def test_who_does_not_trust_the_authority_says_nothing(
    host: str, service: TokenService, tmp_path: Path
) -> None:
    service.asked.clear()
    for trust in (None, Authority(tmp_path).trust()):
        async with Registry(host, "alice", USERS["alice"], trust=trust) as registry:
            with pytest.raises(RegistryError, match=r"(?i)certificate.verify.failed"):
                await registry.resolve("public/x", "one")
    assert service.asked == []


async def test_no_credential_follows_a_redirect_to_another_host(authority: Authority) -> None:
    """Two servers with TLS: the second is this machine by another name."""
    seen: dict[str, list[str]] = {"registry": [], "storage": []}
    away: list[str] = []

    class Storage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen["storage"].append(self.headers.get("Authorization", ""))
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"layer")

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    class Front(Storage):
        def do_GET(self) -> None:
            header = self.headers.get("Authorization", "")
            seen["registry"].append(header)
            self.send_response(307 if header else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="r"')
            self.send_header("Location", f"https://{away[0]}/signed" if header else "")
            self.send_header("Content-Length", "0")
            self.end_headers()

    address = own_address()
    with (
        serving_tls(Storage, "127.0.0.1", authority.vouch("127.0.0.1")) as storage,
        serving_tls(Front, address, authority.vouch(address)) as host,
    ):
        away.append(storage)
        async with Registry(host, "alice", USERS["alice"], trust=authority.trust()) as registry:
            assert await registry.read_blob("org/x", digest_of(b"layer")) == b"layer"
    assert [bool(header) for header in seen["registry"]] == [False, True]
    assert seen["storage"] == [""]
