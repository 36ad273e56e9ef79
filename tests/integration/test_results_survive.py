"""What one process has built, the next one has: also where the first was killed in the middle."""

import json
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

# NB: an engine of its own, which ends with it. What BuildKit really runs it prints as it runs.
ENGINE = r"""
import asyncio, json, sys
from pathlib import Path
import httpx
from pipeline.local.engine.server import serving

def tell(event):
    if event.kind == "log":
        print("ran:", event.text, flush=True)

async def main(docker_host, context, base, seen):
    files = '{ one: file(path: "/one") { contents } two: file(path: "/two") { contents } }'
    built = f'dockerBuild(buildArgs: [{{ name: "BASE_IMAGE", value: "{base}" }}]) {files}'
    query = f'{{ host {{ directory(path: "{context}") {{ {built} }} }} }}'
    async with (
        serving(docker_host=docker_host, on_event=tell, seen=Path(seen)) as session,
        httpx.AsyncClient(auth=(session.token, ""), timeout=240, verify=False) as client,
    ):
        answer = await client.post(f"http://127.0.0.1:{session.port}/query", json={"query": query})
        print(json.dumps(answer.json()["data"]["host"]["directory"]["dockerBuild"]), flush=True)

asyncio.run(main(*sys.argv[1:]))
"""
# The second RUN waits the first time that it runs, and only then.
DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
ENV OWN={own}
COPY file /file
RUN cat /proc/sys/kernel/random/uuid | tee /one
RUN --mount=type=cache,id={own},target=/gate \\
    if [ ! -e /gate/once ]; then touch /gate/once; echo waits; sleep 300; fi; \\
    cat /proc/sys/kernel/random/uuid | tee /two
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Something that nobody has built before."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE.format(own=uuid.uuid4()))
    (folder / "file").write_text("as it is")
    return folder


def begun(docker_host: str, context: Path, base: str) -> subprocess.Popen[str]:
    """A process that builds it, and asks what the image has."""
    command = [sys.executable, "-c", ENGINE, docker_host, context, base, context.with_name("seen")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[list[str], dict[str, str]]:
    """What was run, and the contents of both files."""
    printed, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    *ran, found = printed.splitlines()
    contents = {name: value["contents"].strip() for name, value in json.loads(found).items()}
    return [line.removeprefix("ran: ") for line in ran], contents


def test_a_second_process_does_not_do_again_what_a_first_one_did(
    docker_host: str, context: Path, base: str
) -> None:
    first = begun(docker_host, context, base)
    assert first.stdout
    ran = [first.stdout.readline().removeprefix("ran: ").strip()]
    while first.stdout.readline() != "ran: waits\n":
        pass
    first.kill()
    assert first.wait() == -signal.SIGKILL

    second, contents = ended(begun(docker_host, context, base))
    assert second == [contents["two"]], "of what was killed in the middle only the rest is run"
    assert contents["one"] == ran[0]

    assert ended(begun(docker_host, context, base)) == ([], contents), "nothing is run a second time"

    (context / "file").write_text("edited")
    third, others = ended(begun(docker_host, context, base))
    assert third == [others["one"], others["two"]], "an edit is built"
    assert not set(others.values()) & set(contents.values())
