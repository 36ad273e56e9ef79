"""What is smoked is what is deployed: the same arguments, user and environment; and suites side by side."""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from calls import pipeline_call
from ports import free_port
from supervisor import Supervisor

from pipeline.reporting.model import Run, ServiceRun, Verdict
from pipeline.reporting.read import read_run

pytestmark = pytest.mark.integration

TAG = "20250810-9c99cc9"
# NB: the arguments hold what Compose, a shell and YAML would each change if they could.
ARGUMENTS = ["$HOME ${A:-b} $$", "a b", 'quote"d', "it's", "", "--port", "é"]
SHOW = """\
import http.server, json, os, sys
hidden = ("HOSTNAME",)  # each container has its own
print("shown", json.dumps({
    "argv": sys.argv,
    "user": [os.getuid(), os.getgid(), sorted(os.getgroups())],
    "directory": os.getcwd(),
    "environment": {name: value for name, value in os.environ.items() if name not in hidden},
}), flush=True)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *words): pass
if "EXTRA" in os.environ:
    extra = http.server.HTTPServer(("0.0.0.0", int(os.environ["EXTRA"])), Answer)
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["HEALTH_PORT"])), Answer).serve_forever()
"""
DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
WORKDIR /srv
COPY show.py /show.py
ENV GREETING="two  words" EMPTY=""
USER 10001:100
ENTRYPOINT ["python3", "/show.py"]
CMD ["default"]
"""
FLEET = """
[fleet]
name = "shown"
registry = "{registry}"
organisation = "{organisation}"
[root]
name = "no-such-root"
tag = "1"
source = "{base}"
[families.base]
dockerfile = "Dockerfile.base"
programs = ["curl"]
"""
SERVICE = """
[[images.{image}.services]]
name = "{name}"
command = {command}
health = {{ port = {port} }}
host_port = {{ {port} = {outer} }}
environment = {{ MODE = "a $b 'c'", "odd.name" = "1"{extra} }}
{more}
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A run of the fleet, and where its files are."""

    run: Run
    fleet: Path
    organisation: str
    outer: int

    def service(self, image: str, name: str) -> ServiceRun:
        [unit] = [unit for unit in self.run.units if unit.name == image]
        [service] = [service for service in unit.services if service.name == name]
        return service


def write(root: Path, **facts: Any) -> None:
    root.mkdir()
    (root / "Dockerfile.base").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nUSER 10001\n")
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "show.py").write_text(SHOW)
    text = FLEET.format(**facts)
    for image, ports in (("suite", (7001, 7002)), ("clash", (7003, 7004))):
        text += f'\n[images.{image}]\nfamily = "base"\ndockerfile = "Dockerfile"\nimports = ["json"]\n'
        for number, port in enumerate(ports, 1):
            outer = facts["outer"] if (image, number) == ("suite", 1) else 20000 + len(text)
            command = json.dumps(ARGUMENTS)
            extra = ', EXTRA = "7100"' if image == "clash" else ""  # declared nowhere: lint cannot know it
            name = f"{image}-{number}"
            text += SERVICE.format(
                image=image, name=name, command=command, port=port, outer=outer, extra=extra, more=""
            )
    text += '\n[images.gpu]\nfamily = "base"\ndockerfile = "Dockerfile"\n'
    text += SERVICE.format(
        image="gpu", name="gpu-1", command="[]", port=7005, outer=20000, extra="", more="gpu = true"
    )
    (root / "fleet.toml").write_text(text)


@pytest.fixture(scope="module")
def shown(
    tmp_path_factory: pytest.TempPathFactory, docker_host: str, registry: str, base: str
) -> Iterator[Shown]:
    folder, organisation, outer = (
        tmp_path_factory.mktemp("shown"),
        f"shown-{secrets.token_hex(4)}",
        free_port(),
    )
    fleet, out = folder / "fleet", folder / "out"
    write(fleet, registry=registry, organisation=organisation, base=base, outer=outer)
    words = ("--source", str(fleet), "run", "--candidates", "-o", str(out))
    called = pipeline_call(*words, environment={**os.environ, "DOCKER_HOST": docker_host})
    assert (out / "run.json").exists(), called
    run = read_run((out / "run.json").read_text())
    assert run.units, run.findings
    yield Shown(run=run, fleet=fleet, organisation=organisation, outer=outer)
    shutil.rmtree(folder)


def facts_in(text: str) -> dict[str, Any]:
    """What the service printed of itself."""
    [line] = [line for line in text.splitlines() if line.startswith("shown ")]
    return json.loads(line.removeprefix("shown "))


@pytest.fixture(scope="module")
def smoked(shown: Shown) -> dict[str, Any]:
    service = shown.service("suite", "suite-1")
    assert service.verdict is Verdict.PASSED, service.failure
    return facts_in("\n".join(service.log))


@pytest.fixture(scope="module")
def image(shown: Shown, docker_host: str, registry: str) -> Iterator[str]:
    """The pushed image under the name that a Compose file has for it."""
    [unit] = [unit for unit in shown.run.units if unit.name == "suite"]
    name = f"{registry}/{shown.organisation}/ai_system/suite:{TAG}"
    docker(docker_host, "pull", "-q", unit.reference)
    docker(docker_host, "tag", unit.reference, name)
    yield name
    docker(docker_host, "rmi", name)


def docker(host: str, *words: str) -> str:
    done = subprocess.run(["docker", "-H", host, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_smoke_test_changes_nothing_about_it(smoked: dict[str, Any]) -> None:
    assert smoked["argv"] == ["/show.py", *ARGUMENTS]
    assert (smoked["user"][:2], smoked["directory"]) == ([10001, 100], "/srv")
    own = {"GREETING": "two  words", "EMPTY": "", "MODE": "a $b 'c'", "odd.name": "1", "HEALTH_PORT": "7001"}
    assert own.items() <= smoked["environment"].items()


def test_docker_run_gives_the_same(smoked: dict[str, Any], image: str, docker_host: str) -> None:
    variables = {"MODE": "a $b 'c'", "odd.name": "1", "HEALTH_PORT": "7001"}
    flags = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    name = f"shown-{secrets.token_hex(4)}"
    docker(docker_host, "run", "-d", "--init", "--name", name, *flags, image, *ARGUMENTS)
    try:
        assert wait_for_facts(docker_host, name) == smoked
    finally:
        docker(docker_host, "rm", "-f", name)


def wait_for_facts(host: str, container: str) -> dict[str, Any]:
    give_up = time.monotonic() + 120
    while "shown " not in (text := docker(host, "logs", container)):
        assert time.monotonic() < give_up, f"{container} printed nothing"
        time.sleep(0.1)
    return facts_in(text)


async def test_compose_gives_the_same(
    smoked: dict[str, Any], shown: Shown, image: str, docker_host: str
) -> None:
    assert image.endswith(TAG)
    words = ("-q", "--source", str(shown.fleet), "compose", "--by-tag", "--tag", TAG)
    called = pipeline_call(*words, environment={**os.environ, "DOCKER_HOST": docker_host})
    assert called.exit_code == 0, called.stderr
    project = f"shown-{secrets.token_hex(4)}"
    supervisor = Supervisor(host=docker_host, file=called.stdout, project=project)
    try:
        await supervisor.replace("suite-1", supervisor.services({})["suite-1"])
        found = await asyncio.to_thread(wait_for_facts, docker_host, f"{project}-suite-1")
    finally:
        supervisor.down()
    assert found == smoked


def test_a_suite_runs_side_by_side_and_is_looked_through_once(shown: Shown) -> None:
    together = shown.service("suite", "suite")
    assert together.verdict is Verdict.PASSED, together.failure
    names = {check.name: check.verdict for check in together.checks}
    assert names == dict.fromkeys(("import json", "beside suite-1", "beside suite-2"), Verdict.PASSED)
    assert "import json" not in {check.name for check in shown.service("suite", "suite-1").checks}


def test_services_that_want_the_same_port_pass_alone_and_not_side_by_side(shown: Shown) -> None:
    assert shown.service("clash", "clash-1").verdict is Verdict.PASSED
    assert shown.service("clash", "clash-2").verdict is Verdict.PASSED
    together = shown.service("clash", "clash")
    assert together.verdict is Verdict.FAILED
    [failed] = [check for check in together.checks if check.verdict is Verdict.FAILED]
    assert failed.name in ("beside clash-1", "beside clash-2")
    assert together.failure
    assert "exited with 1" in together.failure.what
    assert "Address already in use" in "\n".join(together.failure.log)


def test_what_needs_a_gpu_is_skipped_and_not_passed(shown: Shown) -> None:
    service = shown.service("gpu", "gpu-1")
    assert service.verdict is Verdict.SKIPPED
    assert [(check.name, check.verdict) for check in service.checks] == [("kernel", Verdict.SKIPPED)]


def test_with_gpu_on_a_machine_without_one_it_is_red(shown: Shown, docker_host: str) -> None:
    words = ("--source", str(shown.fleet), "image", "--name", "gpu", "smoke", "--gpu")
    called = pipeline_call(*words, environment={**os.environ, "DOCKER_HOST": docker_host})
    assert called.exit_code == 1
    assert "FAILED gpu / gpu-1: smoke failed" in called.stderr
    assert "reproduce:" in called.stderr
    assert "--gpu" in called.stderr.rsplit("reproduce:", 1)[1]
