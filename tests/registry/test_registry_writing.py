"""Writing to a registry that fails halfway, and the documents that are kept there."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from clients_of_scripts import Clients
from scripted import ABSENT, RESET, Asked, Reply, errors, in_turn, serving

from pipeline.errors import RegistryError
from pipeline.registry.documents.artifacts import ForeignError, get_document
from pipeline.registry.documents.candidates import candidate_tag, last_build, read_back
from pipeline.registry.documents.evidence import evidence_tag
from pipeline.registry.oci.media import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    digest_of,
)

CONTENT = b"0123456789" * 1000
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MANIFEST = Manifest(media_type=OCI_MANIFEST, body=b'{"schemaVersion":2}')
CREATED = Reply(status=201)
STARTED = Reply(status=202, headers={"Location": "/v2/org/x/blobs/uploads/1?_state=a%3D"})
HERE = Reply(status=200)
KEY = "ab" * 32


async def test_a_blob_that_is_there_is_not_sent(clients: Clients) -> None:
    async with serving(in_turn(HERE)) as server, clients.anonymous(server) as registry:
        stored = await registry.put_blob("org/x", CONTENT, media_type="text/plain")
    assert (stored.digest, stored.size, stored.media_type) == (DIGEST, len(CONTENT), "text/plain")
    assert server.methods() == ["HEAD"]


@pytest.mark.parametrize(
    ("new", "again", "methods"),
    [
        pytest.param(False, "org/x", ["HEAD", "POST", "PUT"], id="stored-before"),
        pytest.param(True, "org/x", ["POST", "PUT"], id="new"),
        pytest.param(False, "org/y", ["HEAD", "POST", "PUT", "HEAD"], id="in-another-repository"),
    ],
)
async def test_a_blob_is_looked_for_only_where_it_may_be(
    clients: Clients, new: bool, again: str, methods: list[str]
) -> None:
    script = in_turn(*([] if new else [ABSENT]), STARTED, CREATED, HERE)
    async with serving(script) as server, clients.anonymous(server) as registry:
        await registry.put_blob("org/x", CONTENT, media_type="text/plain", new=new)
        await registry.put_blob(again, CONTENT, media_type="text/plain")
    assert server.methods() == methods


@pytest.mark.parametrize("as_file", [True, False], ids=["file", "bytes"])
async def test_a_blob_is_sent_in_one_piece(clients: Clients, tmp_path: Path, as_file: bool) -> None:
    file = tmp_path / "blob"
    file.write_bytes(CONTENT)
    async with serving(in_turn(ABSENT, STARTED, CREATED)) as server, clients.anonymous(server) as registry:
        await registry.put_blob("org/x", file if as_file else CONTENT, media_type="text/plain")
    put = server.asked[-1]
    assert server.methods() == ["HEAD", "POST", "PUT"]
    assert put.query == {"_state": ["a="], "digest": [DIGEST]}
    assert put.headers["content-length"] == str(len(CONTENT))
    assert put.body == CONTENT


async def test_one_connection_does_for_a_whole_push(clients: Clients) -> None:
    script = in_turn(ABSENT, STARTED, replace(CREATED, body=b"thank you"), CREATED, ABSENT)
    async with serving(script) as server, clients.anonymous(server) as registry:
        await registry.put_blob("org/x", CONTENT, media_type="text/plain")
        await registry.put_manifest("org/x", "one", MANIFEST)
        assert await registry.read_blob("org/x", DIGEST) is None
    assert (len(server.asked), server.connections) == (5, 1)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(RESET, id="reset"),
        pytest.param(Reply(status=502), id="502"),
        pytest.param(errors(404, "BLOB_UPLOAD_UNKNOWN"), id="upload forgotten"),
    ],
)
async def test_a_broken_upload_is_begun_anew(clients: Clients, tmp_path: Path, fault: Reply) -> None:
    file = tmp_path / "blob"
    file.write_bytes(CONTENT)
    again = Reply(status=202, headers={"Location": "/second"})
    script = in_turn(ABSENT, STARTED, fault, again, CREATED)
    async with serving(script) as server, clients.anonymous(server) as registry:
        await registry.put_blob("org/x", file, media_type="text/plain")
    assert server.methods() == ["HEAD", "POST", "PUT", "POST", "PUT"]
    assert (server.asked[-1].path, server.asked[-1].body) == ("/second", CONTENT)
    assert len(clients.lines) == 1


async def test_a_blob_is_mounted_where_that_is_possible(clients: Clients) -> None:
    async with serving(in_turn(ABSENT, CREATED)) as server, clients.anonymous(server) as registry:
        await registry.put_blob("org/x", CONTENT, media_type="text/plain", mount_from="org/y")
    assert server.asked[-1].query == {"mount": [DIGEST], "from": ["org/y"]}
    assert server.methods() == ["HEAD", "POST"]


async def test_a_mount_that_is_declined_becomes_an_upload(clients: Clients) -> None:
    async with serving(in_turn(ABSENT, STARTED, CREATED)) as server, clients.anonymous(server) as registry:
        await registry.put_blob("org/x", CONTENT, media_type="text/plain", mount_from="org/y")
    assert (server.methods(), server.asked[-1].body) == (["HEAD", "POST", "PUT"], CONTENT)


async def test_an_upload_that_is_refused_fails_at_once(clients: Clients) -> None:
    script = in_turn(ABSENT, errors(405, "UNSUPPORTED", "read only"))
    async with serving(script) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="405 UNSUPPORTED: read only"):
            await registry.put_blob("org/x", CONTENT, media_type="text/plain")
    assert server.methods() == ["HEAD", "POST"]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reply(status=500), id="500 though it was stored"),
        pytest.param(errors(400, "MANIFEST_BLOB_UNKNOWN"), id="blob not yet known"),
        pytest.param(RESET, id="reset"),
    ],
)
async def test_a_manifest_is_put_again_after_a_fault(clients: Clients, fault: Reply) -> None:
    async with serving(in_turn(fault, CREATED)) as server, clients.anonymous(server) as registry:
        assert await registry.put_manifest("org/x", "1", MANIFEST) == MANIFEST.digest
    assert [asked.body for asked in server.asked] == [MANIFEST.body] * 2
    assert server.asked[-1].headers["content-type"] == OCI_MANIFEST


@pytest.mark.parametrize("code", ["MANIFEST_INVALID", "NAME_UNKNOWN", "TAG_INVALID"])
async def test_a_manifest_that_is_refused_is_not_put_again(clients: Clients, code: str) -> None:
    async with serving(in_turn(errors(404, code))) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match=code):
            await registry.put_manifest("org/x", "1", MANIFEST)
    assert len(server.asked) == 1


async def test_a_registry_that_stores_something_else_is_caught(clients: Clients) -> None:
    rewritten = Reply(status=201, headers={"Docker-Content-Digest": DIGEST})
    async with serving(in_turn(rewritten)) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="stored"):
            await registry.put_manifest("org/x", "1", MANIFEST)


def reads(*digests: str) -> Callable[[Asked], Reply]:
    """Answers with each digest in turn, then with the last for ever; "" is absent."""
    left = list(digests)

    def behaviour(_asked: Asked) -> Reply:
        digest = left.pop(0) if len(left) > 1 else left[0]
        return Reply(headers={"Docker-Content-Digest": digest}) if digest else ABSENT

    return behaviour


OTHER = f"sha256:{'1' * 64}"


async def test_reading_back_waits_for_reads_that_lag(clients: Clients) -> None:
    async with serving(reads("", OTHER, DIGEST)) as server, clients.anonymous(server) as registry:
        await read_back(registry, "org/x", KEY, DIGEST)
    assert len(server.asked) == 3


@pytest.mark.parametrize(("there", "told"), [("", "nothing"), (OTHER, OTHER)], ids=["nothing", "another"])
async def test_reading_back_something_else_is_an_error(clients: Clients, there: str, told: str) -> None:
    async with serving(reads(there)) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match=told) as raised:
            await read_back(registry, "org/x", KEY, DIGEST)
    assert DIGEST in str(raised.value)
    assert "adopts" in raised.value.next_step


async def test_reading_back_is_not_excused_by_a_denial(clients: Clients) -> None:
    async with serving(lambda _asked: Reply(status=403)) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match="403"):
            await read_back(registry, "org/x", KEY, DIGEST)
    assert len(server.asked) == 1


@pytest.mark.parametrize("tag", [candidate_tag, evidence_tag])
@pytest.mark.parametrize("key", ["", "ab", "AB" * 32, "ab" * 32 + "\n", "../" + "ab" * 32])
def test_a_key_is_64_hex_digits(tag: Callable[[str], str], key: str) -> None:
    with pytest.raises(ValueError, match="64 lower-case hex"):
        tag(key)
    assert tag(KEY).endswith(f"-{KEY}")


def layers(*digests: str) -> list[dict[str, str]]:
    return [{"digest": digest} for digest in digests]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param([], "no artifact", id="no object"),
        pytest.param({}, "no artifact", id="no layers"),
        pytest.param(
            {"artifactType": "a/b", "layers": layers(DIGEST, DIGEST)}, "no artifact", id="two layers"
        ),
        pytest.param(
            {"artifactType": "a/b", "layers": layers("../x")}, "no artifact", id="layer has no digest"
        ),
        pytest.param({"layers": layers(DIGEST)}, "its type is None", id="an image"),
        pytest.param({"artifactType": "x/y", "layers": layers(DIGEST)}, "its type is 'x/y'", id="foreign"),
        pytest.param({"artifactType": "a/b", "layers": layers(DIGEST)}, "content is missing", id="no blob"),
    ],
)
async def test_a_tag_that_holds_something_else_is_named(clients: Clients, content: object, why: str) -> None:
    reply = Reply(body=json.dumps(content).encode(), headers={"Content-Type": OCI_MANIFEST})

    def behaviour(asked: Asked) -> Reply:
        return reply if "/manifests/" in asked.path else ABSENT

    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        with pytest.raises(ForeignError, match=why):
            await get_document(registry, "org/x", "tag", artifact_type="a/b")
        assert await last_build(registry, "org/x") is None


@pytest.mark.parametrize(
    ("data", "asked"),
    [
        pytest.param(base64.b64encode(b'{"a":1}').decode(), 1, id="embedded"),
        pytest.param(base64.b64encode(b'{"a":2}').decode(), 2, id="embedded is forged"),
        pytest.param("no base64", 2, id="embedded is rubbish"),
        pytest.param(None, 2, id="not embedded"),
    ],
)
async def test_embedded_content_is_believed_only_with_its_digest(
    clients: Clients, data: str | None, asked: int
) -> None:
    body = b'{"a":1}'
    layer = {"digest": digest_of(body), **({} if data is None else {"data": data})}
    manifest = json.dumps({"artifactType": "a/b", "layers": [layer]}).encode()
    script = in_turn(Reply(body=manifest), Reply(body=body))
    async with serving(script) as server, clients.anonymous(server) as registry:
        assert await get_document(registry, "org/x", "tag", artifact_type="a/b") == {"a": 1}
    assert len(server.asked) == asked


async def test_no_inputs_are_no_inputs(clients: Clients) -> None:
    async with serving(lambda _asked: ABSENT) as server, clients.anonymous(server) as registry:
        assert await last_build(registry, "org/x") is None


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
async def test_the_layers_of_an_index_are_those_of_its_platform(clients: Clients, media_type: str) -> None:
    image = b'{"layers": [{"digest": "a", "size": 40}, {"digest": "b", "size": 2}], "config": {"size": 9}}'
    inner = f"sha256:{hashlib.sha256(image).hexdigest()}"
    listed = [(f"sha256:{'0' * 64}", "unknown", "unknown"), (inner, "linux", "amd64")]
    manifests = [
        {"digest": digest, "platform": {"os": os, "architecture": architecture}}
        for digest, os, architecture in listed
    ]
    index = json.dumps({"manifests": manifests}).encode()

    def behaviour(asked: Asked) -> Reply:
        one = asked.path.endswith(inner)
        kind = DOCKER_MANIFEST if one else media_type
        return Reply(body=image if one else index, headers={"Content-Type": kind})

    async with serving(behaviour) as server, clients.anonymous(server) as registry:
        assert [layer.size for layer in await registry.layers("org/x", "tag")] == [40, 2]
        assert await registry.layers("org/x", "tag", platform="linux/arm64") == ()
