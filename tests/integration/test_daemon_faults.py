"""Docker Engine fails in every way: a clear error, no hang, and the same once more succeeds when it is well.

On a dockerd of these tests' own, whose data lie on a small loop-back file system.
"""

import asyncio
import contextlib
import io
import itertools
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bystanders import bystanders
from docker_trees import NO_BLOBS, pull, push, single_file_tar, tree
from real_registry import running
from small_base import write_base
from tiny_docker import Daemon, empty_daemon

from pipeline.docker_host import client as clients
from pipeline.docker_host.client import DockerError
from pipeline.local.blobs import Blobs
from pipeline.local.docker.build import Request, build
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.images import known
from pipeline.local.docker.load import derive
from pipeline.local.docker.model import Event
from pipeline.local.engine.seen import Seen
from pipeline.local.engine.walk import taker, walked
from pipeline.local.patterns import Filter

pytestmark = pytest.mark.integration

DISK = 200  # MB
VICTIM = """
import asyncio, sys
from pathlib import Path
from pipeline.local.blobs import Blobs
from pipeline.local.docker import docker as sessions
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.images import known
from pipeline.docker_host.client import DockerError

sessions.CLOSING = 60  # on a busy machine 4 s are not always enough

async def main(host, base, *args):
    async with Docker(host, Blobs(Path("/nowhere"))) as docker:
        print("connected", flush=True)
        ended = await execute(docker, await known(docker.client, base), Command(args=args))
        print(ended.stdout.decode(), end="", flush=True)

try:
    asyncio.run(main(*sys.argv[1:]))
except DockerError as error:
    sys.exit(str(error))
"""
BUILDER = """
import asyncio, sys
from pathlib import Path
from pipeline.docker_host.client import DockerError
from pipeline.local.blobs import Blobs
from pipeline.local.docker.build import Request, build
from pipeline.local.docker.docker import Docker
from pipeline.local.engine.seen import Seen
from pipeline.local.engine.walk import taker, walked
from pipeline.local.patterns import Filter

def tell(event):
    if event.kind == "log" and event.text == "begun":
        print("begun", flush=True)

async def main(host, folder):
    blobs = Blobs(Path(folder, "blobs"))
    context = walked(Path(folder, "context"), Filter(), taker(blobs, Seen()))
    async with Docker(host, blobs, on_event=tell) as docker:
        await build(docker, Request(context=context))
        print("built", flush=True)

try:
    asyncio.run(main(*sys.argv[1:]))
except DockerError as error:
    sys.exit(str(error))
"""
ONCE = "echo begun; [ -e /tmp/once ] || { echo > /tmp/once; sleep 300; }"  # sleeps the first time only


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small file system."""
    folder = tmp_path_factory.mktemp("disk")
    image, mounted = folder / "image", folder / "mounted"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(DISK << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mounted], check=True)
    yield mounted
    subprocess.run(["umount", "--lazy", mounted], check=True)


@pytest.fixture(scope="module")
def daemon(disk: Path) -> Iterator[Daemon]:
    with empty_daemon(disk) as found:
        yield found


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Blobs:
    return Blobs(tmp_path_factory.mktemp("blobs"))


@pytest.fixture(scope="module")
def base(daemon: Daemon, blobs: Blobs, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of an image with a shell."""
    context = walked(write_base(tmp_path_factory.mktemp("base")), Filter(), taker(blobs, Seen()))

    async def built() -> str:
        async with Docker(daemon.host, blobs) as docker:
            return (await build(docker, Request(context=context))).id

    return asyncio.run(built())


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """The file system has no room left, not even for root, whose dockerd may use what is reserved."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        for piece in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):  # ENOSPC
                for offset in itertools.count(file.seek(0, os.SEEK_END), piece):
                    os.posix_fallocate(file.fileno(), offset, piece)
    left = os.statvfs(disk)
    assert left.f_bfree * left.f_frsize <= 4 << 20  # what ext4 keeps for its own metadata
    try:
        yield
    finally:
        filler.unlink()


async def test_a_full_disk_is_told_and_once_there_is_room_the_same_succeeds(
    daemon: Daemon, disk: Path, base: str, blobs: Blobs
) -> None:
    big = os.urandom(10 << 20)
    context = tree(blobs, {"Dockerfile": "FROM scratch\nCOPY big /\n", "big": big})
    async with Docker(daemon.host, blobs) as docker:
        image = await known(docker.client, base)
        write = Command(args=["dd", "if=/dev/zero", "of=/big", "bs=1M", "count=10"])
        with filled(disk):
            layer = single_file_tar("big", big)
            for use in (
                build(docker, Request(context=context)),
                derive(docker.client, image, config={}, layers=[io.BytesIO(layer)]),
                execute(docker, image, write),
            ):
                with pytest.raises(DockerError, match="no space left on device") as failed:
                    await use
                assert "\n" not in str(failed.value)
        assert (await execute(docker, image, write)).exit_code == 0
        assert await build(docker, Request(context=context))
    assert not daemon.docker("ps", "-aq")


async def test_a_daemon_that_hangs_is_told_and_once_it_goes_on_the_same_succeeds(
    daemon: Daemon, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "BEAT", 0.5)
    events: list[Event] = []
    async with Docker(daemon.host, NO_BLOBS, on_event=events.append) as docker:
        image = await known(docker.client, base)
        command = Command(args=["sh", "-c", "echo begun; sleep 300"])
        running = asyncio.create_task(execute(docker, image, command))
        while not any(event.text == "begun" for event in events):
            await asyncio.sleep(0.02)
        with impatient(), frozen(daemon):
            async with asyncio.timeout(120):
                with pytest.raises(DockerError, match="did not answer"):
                    await running
                with pytest.raises(DockerError, match="did not answer"):
                    async with Docker(daemon.host, NO_BLOBS):
                        pass
        assert (await execute(docker, image, Command(args=["echo", "done"]))).stdout == b"done\n"


@contextmanager
def impatient() -> Iterator[None]:
    """Clients that give up soon. NB: a machine may be so busy that they give up a daemon that is well."""
    soon = clients.aiohttp.ClientTimeout(total=2)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FIRST", "SHORT"):
            patch.setattr(clients, name, soon)
        yield


@contextmanager
def frozen(daemon: Daemon) -> Iterator[None]:
    assert daemon.process
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.process.send_signal(signal.SIGCONT)


async def test_a_registry_that_goes_away_is_told_and_once_it_is_back_the_same_succeeds(
    daemon: Daemon, base: str, tmp_path: Path
) -> None:
    async with Docker(daemon.host, NO_BLOBS) as docker:
        image = await known(docker.client, base)
        with running(tmp_path, basic=False) as registry:
            digest = await push(docker, image, f"{registry.host}/faults/base:1")
        for use in (
            push(docker, image, f"{registry.host}/faults/base:2"),
            pull(docker, f"{registry.host}/faults/base:1"),
        ):
            async with asyncio.timeout(120):
                with pytest.raises(DockerError, match=r"faults/base:[12]: .*connection refused") as failed:
                    await use
            assert "\n" not in str(failed.value)
        with running(tmp_path, basic=False, host=registry.host):
            assert await push(docker, image, f"{registry.host}/faults/base:2") == digest
            assert (await pull(docker, f"{registry.host}/faults/base:1")).digest == digest


def begun(daemon: Daemon, program: str, *arguments: str) -> subprocess.Popen[str]:
    """One of the programs, in a process of its own."""
    command = [sys.executable, "-c", program, daemon.host, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_daemon_that_is_killed_and_started_again_in_the_middle(
    daemon: Daemon, base: str, tmp_path: Path
) -> None:
    """What it ran and built is an error; the next start finds what was left, and the same succeeds."""
    with (write_base(tmp_path / "context") / "Dockerfile").open("a") as file:
        file.write(f"RUN --mount=type=cache,id={uuid.uuid4()},target=/tmp {ONCE}\n")
    running, building = (VICTIM, base, "sh", "-c"), (BUILDER, str(tmp_path))
    with bystanders(daemon.host, base):
        left, unbuilt = begun(daemon, *running, "sleep 300"), begun(daemon, *building)
        assert left.stdout and unbuilt.stdout
        assert (left.stdout.readline(), unbuilt.stdout.readline()) == ("connected\n", "begun\n")
        while len(daemon.docker("ps", "-q").split()) < 1:
            time.sleep(0.1)
        daemon.stop(signal.SIGKILL)
        for ended in (left, unbuilt):
            _, told = ended.communicate(timeout=120)
            assert ended.returncode == 1
            assert "Docker Engine cannot be reached" in told
            assert told.count("\n") == 1
        daemon.start()
        assert len(daemon.docker("ps", "-aq").split()) == 2
        again, rebuilt = begun(daemon, *running, "echo done"), begun(daemon, *building)
        assert again.communicate(timeout=120) == ("connected\ndone\n", "")
        assert rebuilt.communicate(timeout=120) == ("begun\nbuilt\n", "")
        assert len(daemon.docker("ps", "-aq").split()) == 1
