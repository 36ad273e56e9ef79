"""What killed processes leave goes at the next start; what is not ours stays; nothing hangs."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bystanders import bystanders
from docker_trees import NO_BLOBS, docker_says, remove_cache

from pipeline.docker_host.client import DockerError
from pipeline.local.docker import owner
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Event

pytestmark = pytest.mark.integration

VICTIM = """
import asyncio, json, signal, sys
from dataclasses import replace
from pathlib import Path
from pipeline.local.blobs import Blobs
from pipeline.local.docker import docker as sessions, images, owner, services
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.model import CacheMount, SecretMount

# NB: a shell's background jobs ignore it, and so would this one.
signal.signal(signal.SIGINT, signal.default_int_handler)
sessions.CLOSING = 60  # on a busy machine 4 s are not always enough
world, place, *args = sys.argv[1:]
me = replace(owner.this_process(), namespace=world)
owner.this_process, owner._place = lambda: me, lambda: Path(place)

async def main(host, base, secret):
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    async with Docker(host, Blobs(Path("/nowhere"))) as docker:
        image = await images.pull(docker.client, base, platform="", auth=None, on_event=docker.on_event)
        await services.start(docker, image, Command(args=["sleep", "300"]))
        await docker._create_network()  # as where Docker's own bridge keeps containers apart
        token = SecretMount(target="/run/tok", plaintext=secret.encode())
        mounts = [token, CacheMount(target="/c", key=secret)]
        command = Command(args=["sleep", "300"], env={"TOK": secret}, mounts=mounts)
        task = asyncio.create_task(execute(docker, image, command))
        mine = {"filters": json.dumps({"label": [f"{owner.RUN}={me.run}"]})}
        while len(await docker.client.json("GET", "containers/json", params=mine)) < 2:
            await asyncio.sleep(0.05)
        print(docker.folder, flush=True)
        await task

try:
    asyncio.run(main(*args))
except (KeyboardInterrupt, asyncio.CancelledError):
    sys.exit("cancelled")
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a victim is told, so that only this test knows that it is dead.

    Others begin runs at any time, each of which removes what the dead have left.
    """
    name, this_process = f"world-{uuid.uuid4().hex}", owner.this_process
    monkeypatch.setattr(owner, "this_process", lambda: replace(this_process(), namespace=name))
    monkeypatch.setattr(owner, "_place", lambda: tmp_path)
    return [name, str(tmp_path)]


@pytest.fixture
def others(docker_host: str, base: str) -> Iterator[None]:
    with bystanders(docker_host, base):
        yield


def listed(host: str) -> str:
    commands = (["ps", "--all", "--no-trunc"], ["network", "ls"], ["volume", "ls"], ["images"])
    return "".join(docker_says(host, *command) for command in commands)


@pytest.mark.usefixtures("others")
async def test_after_a_kill_the_next_start_removes_what_was_left(
    docker_host: str, base: str, world: list[str]
) -> None:
    secret = uuid.uuid4().hex
    command = [sys.executable, "-c", VICTIM, *world, docker_host, base, secret]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert victim.stdout
    folder = Path(victim.stdout.readline().strip())
    async with Docker(docker_host, NO_BLOBS):
        assert folder.name in listed(docker_host)  # it lives: not ours to remove
    assert folder.is_dir()
    victim.kill()
    victim.wait()
    assert folder.name in docker_says(docker_host, "ps", "--format", "{{.Names}}")
    assert folder.name in docker_says(docker_host, "network", "ls", "--format", "{{.Name}}")
    old = time.time() - 60
    os.utime(folder, (old, old))
    told: list[Event] = []
    async with Docker(docker_host, NO_BLOBS, on_event=told.append):
        pass
    assert folder.name not in listed(docker_host)
    assert any(event.kind == "sweep" and event.name == folder.name for event in told)
    assert not folder.exists()
    assert len(await remove_cache(docker_host, secret)) == 1


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_leaves_nothing(
    docker_host: str, base: str, sent: signal.Signals, world: list[str]
) -> None:
    secret = uuid.uuid4().hex
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, *world, docker_host, base, secret],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert victim.stdout
    folder = Path(victim.stdout.readline().strip())
    victim.send_signal(sent)
    victim.wait(timeout=120)  # its commands would run for 300
    assert folder.name not in listed(docker_host)
    assert not folder.exists()
    await remove_cache(docker_host, secret)


async def test_no_docker_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DockerError, match="Docker Engine cannot be reached"):
        async with Docker(f"unix://{tmp_path}/none.sock", NO_BLOBS):
            pass


def test_a_folder_of_someone_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: str(place) == str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"pipeline-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        owner.run_folder("x")
