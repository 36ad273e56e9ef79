"""What a repository is found to be, and the right to push, found out without leaving anything behind."""

import json
import time
from email.utils import formatdate

import pytest
from clients_of_scripts import Clients
from guarded_registry import BASIC, guarded, token
from scripted import ABSENT, RESET, Asked, Behaviour, Reply, errors, in_turn, serving

from pipeline.errors import RegistryError
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.headers import clock_skew
from pipeline.registry.oci.media import OCI_INDEX, OCI_MANIFEST, digest_of
from pipeline.registry.oci.packages import Looked, Wanted, look_at, newest

STARTED = Reply(status=202, headers={"Location": "/v2/org/x/blobs/uploads/1?_state=a%3D"})
GONE = Reply(status=204)
DENIED = errors(403, "DENIED", "permission_denied: write_package")
SOURCE = "https://github.com/org/repo"
CONFIG = json.dumps(
    {"created": "2025-08-10T12:00:00Z", "config": {"Labels": {"org.opencontainers.image.source": SOURCE}}}
).encode()
IMAGE = json.dumps(
    {
        "schemaVersion": 2,
        "config": {"digest": digest_of(CONFIG), "size": len(CONFIG)},
        "layers": [{"digest": digest_of(b"layer"), "size": 5}, {"digest": digest_of(b"other"), "size": 7}],
    }
).encode()


async def test_who_may_push_leaves_nothing_behind(clients: Clients) -> None:
    async with serving(in_turn(STARTED, GONE)) as server, clients.anonymous(server) as registry:
        await registry.try_push("org/x")
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("POST", "/v2/org/x/blobs/uploads/"),
        ("DELETE", "/v2/org/x/blobs/uploads/1"),
    ]
    assert server.asked[1].query == {"_state": ["a="]}


@pytest.mark.parametrize("status", [400, 404, 405], ids=str)
async def test_a_registry_that_cannot_cancel_forgets_by_itself(clients: Clients, status: int) -> None:
    async with (
        serving(in_turn(STARTED, Reply(status=status))) as server,
        clients.anonymous(server) as registry,
    ):
        await registry.try_push("org/x")
    assert server.methods() == ["POST", "DELETE"]


async def test_who_may_not_push_is_told_what_is_missing(clients: Clients) -> None:
    content = {"POST": DENIED}
    script = guarded(lambda asked: content[asked.method], lambda _asked: token("good"))
    async with serving(script) as server, clients.known(server) as registry:
        with pytest.raises(DeniedError, match=r"write_package.*repository:org/x:pull,push") as raised:
            await registry.try_push("org/x")
    assert raised.value.next_step
    assert [asked.authorization for asked in server.asked if asked.path == "/token"] == [BASIC]


async def test_a_registry_that_fails_leaves_the_right_unknown(clients: Clients) -> None:
    async with serving(lambda _asked: RESET) as server, clients.anonymous(server, attempts=2) as registry:
        with pytest.raises(RegistryError) as raised:
            await registry.try_push("org/x")
    assert not isinstance(raised.value, DeniedError)


def _registry(
    *, tags: Reply | None = None, manifest: Reply | None = None, push: Reply = STARTED
) -> Behaviour:
    """A registry with one image under one release tag."""
    listed = Reply(body=json.dumps({"name": "org/x", "tags": ["last-inputs", "20250810-9c99cc9"]}).encode())
    image = Reply(body=IMAGE, headers={"Content-Type": OCI_MANIFEST})

    def behaviour(asked: Asked) -> Reply:
        if "/uploads/" in asked.path:
            return push if asked.method == "POST" else GONE
        if asked.path.endswith("/tags/list"):
            return tags or listed
        return Reply(body=CONFIG) if "/blobs/" in asked.path else manifest or image

    return behaviour


async def _look(
    clients: Clients, ours: Behaviour, theirs: Behaviour, *, prefer: tuple[str, ...] = ()
) -> tuple[Looked, list[str]]:
    wanted = Wanted(kind="image", name="x", repository="org/x", prefer=prefer)
    async with (
        serving(ours) as server,
        serving(theirs) as outside,
        clients.anonymous(server) as registry,
        clients.anonymous(outside) as stranger,
    ):
        looked = await look_at(registry, stranger, wanted, platforms=("linux/amd64",))
        return looked, [f"{asked.method} {asked.path}" for asked in outside.asked]


async def test_a_package_that_is_there(clients: Clients) -> None:
    looked, _ = await _look(clients, _registry(), _registry())
    package = looked.package
    assert (package.state, package.push, package.public) == ("present", "yes", "yes")
    assert (package.tag, package.digest) == ("20250810-9c99cc9", digest_of(IMAGE))
    assert (package.created, package.source, package.size) == ("2025-08-10T12:00:00Z", SOURCE, 12)
    assert looked.layers == ((digest_of(b"layer"), 5), (digest_of(b"other"), 7))


@pytest.mark.parametrize(
    ("theirs", "public"),
    [
        pytest.param(_registry(manifest=errors(401, "UNAUTHORIZED")), "no", id="denied"),
        pytest.param(_registry(manifest=ABSENT), "no", id="told that it is absent"),
        pytest.param(_registry(manifest=Reply(status=418)), "unknown", id="something else"),
    ],
)
async def test_what_a_stranger_is_told(clients: Clients, theirs: Behaviour, public: str) -> None:
    looked, asked = await _look(clients, _registry(), theirs)
    assert looked.package.public == public
    assert asked == ["HEAD /v2/org/x/manifests/20250810-9c99cc9"]


async def test_an_absent_package_may_be_pushed_and_no_stranger_is_asked(clients: Clients) -> None:
    looked, asked = await _look(clients, _registry(tags=errors(404, "NAME_UNKNOWN")), _registry())
    assert (looked.package.state, looked.package.push, looked.package.public) == ("absent", "yes", "")
    assert asked == []


async def test_unknown_is_not_taken_for_absent(clients: Clients) -> None:
    """GHCR answers 403 for some packages that are not there, and for others that are."""
    looked, asked = await _look(clients, _registry(tags=DENIED, push=DENIED), _registry())
    package = looked.package
    assert (package.state, package.push, package.public, asked) == ("unknown", "no", "", [])
    assert "403" in package.state_because and "write_package" in package.push_because and package.push_step


async def test_a_package_that_is_listed_and_not_shown(clients: Clients) -> None:
    looked, asked = await _look(clients, _registry(manifest=DENIED), _registry())
    package = looked.package
    assert (package.state, package.digest, package.public, asked) == ("present", "", "", [])
    assert "403" in package.state_because


async def test_an_index_is_read_through_to_the_platform(clients: Clients) -> None:
    entry = {"digest": digest_of(IMAGE), "platform": {"os": "linux", "architecture": "amd64"}}
    index = Reply(
        body=json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
        headers={"Content-Type": OCI_INDEX},
    )
    inner = _registry()

    def behaviour(asked: Asked) -> Reply:
        return index if asked.path.endswith("manifests/20250810-9c99cc9") else inner(asked)

    looked, _ = await _look(clients, behaviour, behaviour)
    assert (looked.package.digest, looked.package.size) == (digest_of(index.body), 12)


@pytest.mark.parametrize(
    ("tags", "prefer", "expected"),
    [
        pytest.param(["key-b", "20250810-9c99cc9"], ["key-b"], "key-b", id="the plan's candidate"),
        pytest.param(["20250810-9c99cc9"], ["key-b"], "20250810-9c99cc9", id="else a release"),
        pytest.param(
            ["20250810-9c99cc9", "20250911-1111111", "20250810-9c99cc9.2"], [], "20250911-1111111", id="last"
        ),
        pytest.param(["evidence-a", "key-a", "last-inputs"], [], "key-a", id="else a candidate"),
        pytest.param(["evidence-a", "pending-20250810-9c99cc9"], [], "", id="no image"),
        pytest.param([], ["sha256:" + "0" * 64], "sha256:" + "0" * 64, id="a digest needs no tag"),
    ],
)
def test_the_tag_that_stands_for_a_repository(tags: list[str], prefer: list[str], expected: str) -> None:
    assert newest(tags, prefer) == expected


async def test_the_registrys_clock(clients: Clients) -> None:
    late = Reply(status=404, headers={"Date": formatdate(time.time() - 3600, usegmt=True)})
    async with serving(in_turn(late, Reply())) as server, clients.anonymous(server) as registry:
        assert registry.clock_skew is None
        assert await registry.resolve("org/x", "one") is None
        assert registry.clock_skew is not None and 3590 < registry.clock_skew < 3700


@pytest.mark.parametrize("header", ["", "yesterday", "Wed, 32 Nov 2026 00:00:00 GMT"])
def test_a_date_that_is_none(header: str) -> None:
    assert clock_skew((header, 0.0)) is None
