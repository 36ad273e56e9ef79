"""A fleet deployed from its Compose file: a canary for all, for one, and back; nobody else is hurt."""

import asyncio
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from calls import pipeline_call
from deployment import Client, canary_and_back
from ports import free_port
from supervisor import Supervisor, UnsetError, interpolate

pytestmark = pytest.mark.integration

OLD, NEW = "20250810-9c99cc9", "20250811-1234567"
# NB: the arguments hold what Compose, a shell and YAML would each change if they could.
_SERVICE = """
import http.server, json, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(json.dumps([os.environ["VERSION"], sys.argv[1:]]).encode())
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["HEALTH_PORT"])), Answer).serve_forever()
"""
_ARGUMENTS = ["$HOME ${A:-b} $$", "a b", 'quote"d', "no", ""]
_FLEET = """
[fleet]
name = "small"
organisation = "{organisation}"
[families.base]
tag = "1"
programs = ["curl"]
[images.suite]
family = "base"
dockerfile = "Dockerfile"
[[images.suite.services]]
name = "Ear"
command = {command}
health = {{ port = 8080 }}
host_port = {{ 8080 = {Ear} }}
[[images.suite.services]]
name = "Mouth"
command = {command}
health = {{ port = 8081 }}
host_port = {{ 8081 = {Mouth} }}
[images.brain]
family = "base"
dockerfile = "Dockerfile"
[[images.brain.services]]
name = "Brain"
core = true
command = {command}
health = {{ port = 8080 }}
host_port = {{ 8080 = {Brain} }}
"""


@contextmanager
def _images(host: str, base: str, organisation: str) -> Iterator[None]:
    """Both images in both versions, on this Docker only."""
    docker = ["docker", "-H", host]
    made: list[str] = []

    def run(*words: str) -> str:
        return subprocess.run([*docker, *words], capture_output=True, text=True, check=True).stdout.strip()

    run("pull", "-q", base)
    container = run("create", base, "true")
    try:
        for image in ("suite", "brain"):
            for tag in (OLD, NEW):
                name = f"localhost:5055/{organisation}/ai_system/{image}:{tag}"
                run("commit", "-c", f"ENV VERSION={tag}", container, name)
                made.append(name)
        yield
    finally:
        run("rm", "-f", container)
        run("rmi", "-f", *made)


@pytest.fixture
def deployed(docker_host: str, base: str, tmp_path: Path) -> Iterator[tuple[Supervisor, Client]]:
    """A small fleet's file, as `pipeline call compose` writes it, and who deploys and who watches it."""
    organisation = f"test-{secrets.token_hex(4)}"
    ports = {name: free_port() for name in ("Brain", "Ear", "Mouth")}
    command = json.dumps(["python3", "-c", _SERVICE, *_ARGUMENTS])
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    (fleet / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    (fleet / "fleet.toml").write_text(_FLEET.format(organisation=organisation, command=command, **ports))
    supervisor = Supervisor(
        host=docker_host, file=_composed(docker_host, fleet, "--by-tag", "--tag", OLD), project=organisation
    )
    with _images(docker_host, base, organisation):
        try:
            yield supervisor, Client(ports=ports, supervisor=supervisor)
        finally:
            supervisor.down()


def _composed(docker_host: str, fleet: Path, *flags: str) -> str:
    words = ("-q", "--source", str(fleet), "--registry", "localhost:5055", "compose", *flags)
    ended = pipeline_call(*words, environment={**os.environ, "DOCKER_HOST": docker_host})
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout


def _versions(client: Client) -> dict[str, str]:
    """As the services tell them."""
    return {name: json.loads(client.ask(name))[0] for name in client.ports}


async def test_a_canary_for_the_fleet_then_for_one_service_and_back(
    deployed: tuple[Supervisor, Client],
) -> None:
    supervisor, client = deployed
    await supervisor.up()
    assert supervisor.replaced[0] == "Brain"
    assert _versions(client) == dict.fromkeys(client.ports, OLD)
    assert all(json.loads(client.ask(name))[1] == _ARGUMENTS for name in client.ports)

    await canary_and_back(client, lambda: _versions(client), old=OLD, new=NEW, core={"Brain"}, one="Mouth")
    assert client.failures == []
    assert client.asked > 100

    told = supervisor.status("Brain")
    assert (told["HostConfig"]["Init"], told["HostConfig"]["RestartPolicy"]["Name"]) == (
        True,
        "unless-stopped",
    )
    async with asyncio.timeout(120):
        while supervisor.status("Ear")["State"]["Health"]["Status"] != "healthy":
            await asyncio.sleep(0.2)

    # The twin: a client that also asks what is being replaced does see a failure.
    async with client.watching(blind=False):
        await supervisor.up(FORCE_IMAGE_TAG_EAR=NEW)
    assert any(failure.startswith("Ear: ") for failure in client.failures)
    assert not any(failure.startswith(("Brain: ", "Mouth: ")) for failure in client.failures)

    # And one that looks away does see who is gone although nobody replaces it.
    async with asyncio.timeout(120), client.watching():
        client.failures.clear()
        supervisor.kill("Mouth")
        while not client.failures:
            await asyncio.sleep(0.01)
    assert all(failure.startswith("Mouth: ") for failure in client.failures)


@pytest.mark.parametrize(
    ("replaced", "blind", "failures"),
    [(True, True, 0), (True, False, 1), (False, True, 1)],
    ids=["replaced", "replaced, and not blind", "not replaced"],
)
async def test_who_is_blamed_for_a_question_without_an_answer(
    replaced: bool, blind: bool, failures: int
) -> None:
    """It was asked of a container that is taken away meanwhile, and whose successor is ready at its end."""
    supervisor = Supervisor(host="", file="", project="")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client(ports={"Ear": silent.getsockname()[1]}, supervisor=supervisor)
        question = asyncio.create_task(client._once("Ear", blind=blind))
        asked, _ = await asyncio.to_thread(silent.accept)
        supervisor.begun["Ear"] += replaced
        asked.close()
        await question
    assert len(client.failures) == failures


@pytest.mark.parametrize(
    ("text", "put"),
    [
        ("${FORCE_IMAGE_TAG_X:-${FORCE_IMAGE_TAG:-t}}", "t"),
        ("${FORCE_IMAGE_TAG_X:-${ALL:-t}}", "all"),
        ("a:${ONE:-${ALL:-t}}!", "a:one!"),
        ("$$HOME $${ONE}", "$HOME ${ONE}"),
    ],
)
def test_the_supervisor_reads_variables_as_compose_does(text: str, put: str) -> None:
    assert interpolate(text, {"ONE": "one", "ALL": "all", "FORCE_IMAGE_TAG": ""}) == put


def test_a_variable_that_must_be_set() -> None:
    with pytest.raises(UnsetError, match="FORCE_IMAGE_TAG: set it"):
        interpolate("${X:-${FORCE_IMAGE_TAG:?set it}}", {})
