"""Secrets are used in every way there is, and searched for in all that is said and all that is left on disk.

Docker is one of this test's own, so that all of its data can be read.
"""

import asyncio
import base64
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import dagger
import pytest
from bystanders import bystanders
from dagger.client._session import ConnectParams, SingleConnection
from docker_trees import NO_BLOBS
from engine_world import failure
from real_registry import running
from small_base import write_base
from tiny_docker import Daemon, empty_daemon

from pipeline.local.docker import owner
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.images import CACHE
from pipeline.local.docker.model import Event
from pipeline.local.engine.server import serving

pytestmark = pytest.mark.integration

# In two pieces, so that no chunk of the stream has it whole; then in base64, alone and as a registry's login.
SHOW = (
    "printf %.7s $TOKEN; sleep 0.3; echo ${TOKEN#???????}; "
    "printf %s $TOKEN | base64; printf %s user:$TOKEN | base64"
)
BUILD = 'RUN --mount=type=secret,id=token export TOKEN="$(cat /run/secrets/token)"; '
# NB: containerd's own database: what is deleted stays in free pages, with the environment of every container.
NOT_OURS = "io.containerd.metadata.v1.bolt/meta.db"
KILLED = """
import asyncio, os, sys
from pathlib import Path
from pipeline.local.blobs import Blobs
from pipeline.local.docker import owner
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.images import known
from pipeline.local.docker.model import SecretMount

async def main(place, host, image):
    secret = os.environ["TOKEN"]
    owner._place = lambda: Path(place)
    async with Docker(host, Blobs(Path("/nowhere"))) as docker:
        print(docker.folder, flush=True)
        mounts = [SecretMount(target="/run/token", plaintext=secret.encode())]
        command = Command(args=["sleep", "300"], env={"TOKEN": secret}, mounts=mounts)
        await execute(docker, await known(docker.client, image), command)

asyncio.run(main(*sys.argv[1:]))
"""


def forms(secret: str) -> list[bytes]:
    """The secret, and what is the same of its base64 wherever in a text it begins."""
    encoded = [base64.b64encode(b"x" * before + secret.encode())[4:-4] for before in range(3)]
    return [secret.encode(), *encoded]


def found_in(folder: Path, secret: str) -> list[str]:
    """Files below a folder that hold it, in whatever form."""
    paths = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    told: dict[str, bytes] = {}
    for path in paths:
        with suppress(FileNotFoundError):  # another test's
            if path.is_file() and not path.is_symlink():
                told[str(path)] = path.read_bytes()
    return [
        path
        for path, data in told.items()
        if NOT_OURS not in path and any(form in data for form in forms(secret))
    ]


async def used(daemon: Daemon, folder: Path, secret: str) -> tuple[str, str]:
    """Use the secret; the engine's token, and all that anybody was told."""
    said: list[str] = []
    told: list[Event] = []
    context, build = write_base(folder / "base"), write_base(folder / "build")
    with (build / "Dockerfile").open("a") as file:
        file.write(f"{BUILD}{SHOW}; ({SHOW}) >&2; exit 4\n")
    async with (
        serving(docker_host=daemon.host, on_event=told.append) as session,
        SingleConnection(ConnectParams(port=session.port, session_token=session.token)) as connection,
    ):
        client = dagger.Client.from_connection(connection)
        token = client.set_secret("token", secret)
        holding = client.host().directory(str(context)).docker_build()
        holding = holding.with_secret_variable("TOKEN", token).with_mounted_secret("/run/token", token)
        shown = holding.with_exec(["sh", "-c", SHOW])
        said += [await shown.stdout(), await shown.with_exec(["cat", "/run/token"]).stdout()]
        for failing in (
            holding.with_exec(["sh", "-c", f"{SHOW}; ({SHOW}) >&2; exit 3"]),
            client.host().directory(str(build)).docker_build(secrets=[token]),
        ):
            error = await failure(failing.sync())
            assert isinstance(error, dagger.ExecError)
            said += [str(error), error.stdout, error.stderr]
        await shown.rootfs().export(str(folder / "files"))
        await shown.as_tarball().export(str(folder / "image.tar"))
        with running(folder / "registry", basic=False) as registry:
            await shown.publish(f"{registry.host}/planted/image:1")
    assert said[0].count("***") == 3
    assert any(event.kind == "log" and "***" in event.text for event in told)
    return session.token, "\n".join([*said, *map(repr, told)])


async def test_they_are_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, killed = secrets.token_hex(20), secrets.token_hex(20)
    for name in ("tmp", "registry"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    memory, own = Path(f"/dev/shm/pipeline-{os.getuid()}"), tmp_path / "own"
    own.mkdir()
    with empty_daemon(tmp_path) as daemon:
        token, said = await used(daemon, tmp_path, secret)
        for hidden in (secret, token):
            assert not [form for form in forms(hidden) if form.decode() in said]
            assert found_in(tmp_path, hidden) == found_in(memory, hidden) == []
        image = daemon.docker("images", "-q", "--no-trunc", CACHE).split()[0]
        # NB: whoever begins a run next, also in another test, removes what is left in the common place.
        monkeypatch.setattr(owner, "_place", lambda: own)
        with bystanders(daemon.host, image):
            left = await kill(own, daemon, image, killed)
            assert found_in(left, killed)
            assert found_in(tmp_path / "data/containers", killed)
            async with Docker(daemon.host, NO_BLOBS):  # the next start
                pass
        assert not left.exists()
        assert found_in(tmp_path, killed) == []


async def kill(place: Path, daemon: Daemon, image: str, secret: str) -> Path:
    """A process that uses the secret is killed; the folder that it left."""
    command = [sys.executable, "-c", KILLED, str(place), daemon.host, image]
    process = subprocess.Popen(command, env=os.environ | {"TOKEN": secret}, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    async with asyncio.timeout(120):
        while not daemon.docker("ps", "-q"):
            await asyncio.sleep(0.1)
    process.kill()
    process.wait()
    old = time.time() - 60
    os.utime(folder, (old, old))
    return folder
