"""Who gets an answer, and that no failure looks like one that a client would repeat."""

import json
import socket

import httpx
import pytest

from pipeline.local.engine.server import DEEPEST, LARGEST, Session

VERSION = {"query": "{ version }"}


async def send(session: Session, *, user: str | None = None, **said: object) -> httpx.Response:
    headers = {key.replace("_", "-"): str(value) for key, value in said.items()}
    async with httpx.AsyncClient(timeout=30) as client:
        login = (session.token if user is None else user, "")
        return await client.post(
            f"http://127.0.0.1:{session.port}/query", json=VERSION, auth=login, headers=headers
        )


async def test_with_the_token_the_version_is_told(session: Session) -> None:
    answer = await send(session)
    assert (answer.status_code, answer.json()) == (200, {"data": {"version": "v0.21.8"}})


@pytest.mark.parametrize("change", ["", "short", "other", "upper", "prefix"])
async def test_another_token_is_refused(session: Session, change: str) -> None:
    token = session.token
    wrong = {
        "": "",
        "short": token[:-1],
        "other": "0" * 64,
        "upper": token.upper() + "x",
        "prefix": token + "0",
    }
    answer = await send(session, user=wrong[change])
    assert (answer.status_code, answer.content) == (401, b"")


async def test_without_authentication_nothing_is_told(session: Session) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{session.port}/query", json=VERSION)
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("scheme", ["Bearer", "Digest", ""])
async def test_the_token_under_another_scheme_is_refused(session: Session, scheme: str) -> None:
    answer = await httpx.AsyncClient().post(
        f"http://127.0.0.1:{session.port}/query",
        json=VERSION,
        headers={"Authorization": f"{scheme} {session.token}".strip()},
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "evil.example:{port}"])
async def test_a_name_that_was_rebound_to_loopback_is_refused(session: Session, host: str) -> None:
    assert (await send(session, Host=host.format(port=session.port))).status_code == 403


async def test_the_name_localhost_is_served(session: Session) -> None:
    assert (await send(session, Host=f"localhost:{session.port}")).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1"])
async def test_a_web_page_is_refused_even_with_the_token(session: Session, origin: str) -> None:
    assert (await send(session, Origin=origin)).status_code == 403


async def test_other_addresses_are_not_listened_on(session: Session) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.2", session.port))  # "address already in use" if it listened on all of them


BAD_BODIES = {
    "not JSON": b"{",
    "a list": b"[]",
    "no query": b"{}",
    "a query that is no text": b'{"query": 1}',
    "not UTF-8": b'{"query": "\xff"}',
    "deep JSON": b"[" * 100_000,
    "no GraphQL": b'{"query": "{"}',
    "an empty query": b'{"query": ""}',
    "an unknown field": b'{"query": "{ nope }"}',
    "an argument missing": b'{"query": "{ setSecret(name: \\"a\\") { name } }"}',
    "no field of an object": b'{"query": "{ directory }"}',
    "a fragment in a circle": b'{"query": "{ ...A } fragment A on Query { directory { id } ...A }"}',
    "an unknown id": b'{"query": "{ node(id: \\"Directory@0\\") { id } }"}',
    "an unknown operation": b'{"query": "query A { version }", "operationName": "B"}',
    "variables that are none": b'{"query": "query($a: String!) { version }", "variables": 3}',
    "a mutation": b'{"query": "mutation { version }"}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_query_that_cannot_be_answered_is_an_error_with_status_200(
    http: httpx.AsyncClient, body: bytes
) -> None:
    answer = await http.post("/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert all(error["message"] and "\n" not in error["message"] for error in answer.json()["errors"])


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_form_could_send_is_not_read(http: httpx.AsyncClient, kind: str) -> None:
    answer = await http.post("/query", content=json.dumps(VERSION), headers={"Content-Type": kind})
    assert "application/json" in answer.json()["errors"][0]["message"]


async def test_a_query_that_is_too_large_is_read_to_its_end_and_refused(http: httpx.AsyncClient) -> None:
    body = json.dumps({"query": "#" + "x" * LARGEST})
    answer = await http.post("/query", content=body, headers={"Content-Type": "application/json"})
    assert "more than" in answer.json()["errors"][0]["message"]
    assert (await http.post("/query", json=VERSION)).status_code == 200


@pytest.mark.parametrize(("links", "served"), [(DEEPEST - 4, True), (DEEPEST, False), (50_000, False)])
async def test_chains_have_a_limit(http: httpx.AsyncClient, links: int, served: bool) -> None:
    query = "{ container " + '{ withUser(name: "a") ' * links + "{ user }" + "}" * links + "}"
    answer = (await http.post("/query", json={"query": query})).json()
    assert ("errors" not in answer) is served


async def test_what_is_not_served_says_so(http: httpx.AsyncClient) -> None:
    query = "{ container { up } }"
    answer = (await http.post("/query", json={"query": query})).json()
    assert answer["errors"][0]["message"] == (
        "Container.up is not served by the local engine; use a Dagger engine"
    )


async def test_without_docker_a_container_fails_and_a_directory_does_not(http: httpx.AsyncClient) -> None:
    failing = await http.post(
        "/query", json={"query": '{ container { from(address: "a.example/b:1") { sync } } }'}
    )
    working = await http.post(
        "/query", json={"query": '{ directory { withNewFile(path: "a", contents: "") { entries } } }'}
    )
    assert "docker" in failing.json()["errors"][0]["message"].lower()
    assert working.json()["data"]["directory"]["withNewFile"]["entries"] == ["a"]


async def test_the_token_has_256_bits_and_is_not_shown(session: Session) -> None:
    assert len(bytes.fromhex(session.token)) == 32
    assert session.token not in repr(session)


@pytest.mark.parametrize(("method", "path"), [("GET", "/query"), ("POST", "/"), ("DELETE", "/query")])
async def test_nothing_else_is_there(http: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await http.request(method, path)).status_code in {404, 405}
