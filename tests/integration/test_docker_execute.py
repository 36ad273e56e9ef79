"""Commands in containers of real Docker: semantics of a Dagger engine, mounts, secrets, what stays."""

import asyncio
import os
import subprocess
import uuid

import pytest
from docker_trees import NO_BLOBS, docker_says, link, output, pull, remove_cache, tree

from pipeline.docker_host.client import DockerError
from pipeline.local.blobs import Blobs
from pipeline.local.docker import archive
from pipeline.local.docker.command import Command, static_tini
from pipeline.local.docker.commit import commit
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.load import derive
from pipeline.local.docker.model import (
    CacheMount,
    DirectoryMount,
    DockerImage,
    Event,
    FileMount,
    SecretMount,
    TmpfsMount,
)
from pipeline.local.docker.streams import HALF
from pipeline.local.tree import Entry, Kind, Tree

pytestmark = pytest.mark.integration


@pytest.fixture
async def image(docker: Docker, base: str) -> DockerImage:
    return await pull(docker, base)


@pytest.mark.parametrize(
    ("args", "code", "stdout", "stderr"),
    [
        (["sh", "-c", "echo o; echo e >&2; exit 3"], 3, b"o\n", b"e\n"),
        (["true"], 0, b"", b""),
        (["/no/such/binary"], 1, b"", b"fork/exec /no/such/binary: no such file or directory"),
        (["nosuch"], 1, b"", b'exec: "nosuch": executable file not found in $PATH'),
        (["/etc"], 1, b"", b"fork/exec /etc: permission denied"),
        (["sh", "-c", "nosuch"], 127, b"", b"sh: 1: nosuch: not found\n"),
        (["sh", "-c", "kill -9 $$"], 137, b"", b""),
        (["sh", "-c", "exit 200"], 200, b"", b""),
        (["echo", "", " a  b ", "$HOME", "'\"*"], 0, b"  a  b  $HOME '\"*\n", b""),
    ],
    ids=[
        "streams",
        "quiet",
        "absent",
        "not-on-path",
        "directory",
        "absent-in-shell",
        "killed",
        "200",
        "quoting",
    ],
)
async def test_how_commands_end(
    docker: Docker, image: DockerImage, args: list[str], code: int, stdout: bytes, stderr: bytes
) -> None:
    ended = await execute(docker, image, Command(args=args))
    assert (ended.exit_code, ended.stdout, ended.stderr) == (code, stdout, stderr)


async def test_surroundings(docker: Docker, image: DockerImage) -> None:
    ended = await execute(
        docker, image, Command(args=["sh", "-c", "id -u; cat /proc/1/comm; pwd; echo $HOME"])
    )
    init = ".init" if static_tini() else "docker-init"
    assert ended.stdout.decode().split("\n") == ["0", init, "/", "/root", ""]
    ended = await execute(
        docker,
        image,
        Command(
            args=["sh", "-c", "id -u; id -g; pwd; echo $A"],
            user="10001:10002",
            workdir="/srv/x",
            env={"A": "1 2"},
        ),
    )
    assert ended.stdout.decode().split("\n") == ["10001", "10002", "/srv/x", "1 2", ""]


async def test_an_unknown_user_is_told(docker: Docker, image: DockerImage) -> None:
    with pytest.raises(DockerError, match="unable to find user nobody-at-all"):
        await execute(docker, image, Command(args=["true"], user="nobody-at-all"))


async def test_standard_input(docker: Docker, image: DockerImage) -> None:
    data = os.urandom(300_000)
    ended = await execute(docker, image, Command(args=["cat"], stdin=data))
    assert ended.stdout == data
    assert (await execute(docker, image, Command(args=["cat"]))).stdout == b""


async def test_a_long_stream_keeps_beginning_and_end(docker: Docker, image: DockerImage) -> None:
    ended = await execute(
        docker, image, Command(args=["sh", "-c", "echo first; head -c 20000000 /dev/zero; echo last"])
    )
    assert ended.stdout.startswith(b"first\n")
    assert ended.stdout.endswith(b"last\n")
    assert len(ended.stdout) == 2 * HALF


async def test_lines_are_told_while_the_command_runs(
    docker: Docker, image: DockerImage, events: list[Event]
) -> None:
    running = asyncio.create_task(
        execute(docker, image, Command(args=["sh", "-c", "echo now; sleep 300"], name="one"))
    )
    async with asyncio.timeout(120):
        while Event(kind="log", name="one", text="now", stream="stdout") not in events:
            await asyncio.sleep(0.02)
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def mounts(blobs: Blobs) -> tuple[list, Tree]:
    given = tree(
        blobs,
        {
            "m": "from directory",
            "s": Entry(Kind.DIRECTORY, 0o700, uid=5, gid=6),
            "s/l": link("../m"),
            "x": ("#!/bin/sh\necho ran\n", 0o755),
        },
    )
    return [
        DirectoryMount(target="/mnt/deep/d", tree=given),
        FileMount(target="/mnt/f", entry=given.entries["m"]),
        FileMount(target="/etc/hostname2", entry=given.entries["x"]),
        TmpfsMount(target="/t", size=1 << 20),
        SecretMount(target="/run/secrets/tok", plaintext=b"s3cr3t", uid=7, gid=8, mode=0o440),
    ], given


async def test_mounts_are_there_and_not_in_the_image(
    docker: Docker, image: DockerImage, blobs: Blobs
) -> None:
    wanted, _ = mounts(blobs)
    script = (
        "cat /mnt/deep/d/m /mnt/f /run/secrets/tok; /etc/hostname2; cat /mnt/deep/d/s/l;"
        "df --output=fstype /t | tail -1; stat -c '%a %u:%g' /run/secrets/tok /mnt/deep/d/s /mnt/deep/d/x;"
        "echo more >> /mnt/f; echo kept > /kept; mkdir /mnt/mine"
    )
    ended = await execute(docker, image, Command(args=["sh", "-c", script], mounts=wanted))
    assert ended.stderr == b""
    secret = "440 7:8" if os.geteuid() == 0 else "444 0:0"
    assert ended.stdout.decode() == (
        f"from directoryfrom directorys3cr3tran\nfrom directorytmpfs\n{secret}\n700 5:6\n755 0:0\n"
    )
    committed = await commit(docker, ended.container, config={"Env": ["A=1"]})
    assert committed.config == {"Env": ["A=1"]}
    assert (
        await output(
            docker,
            committed,
            "cat /kept; ls /mnt; ls -d /t /run/secrets /etc/hostname2 2>/dev/null; true",
        )
        == "kept\nmine\n"
    )
    assert await archive.stat(docker, committed, "/dev/.init") is None
    await docker.remove(ended.container.id)
    await docker.remove(ended.container.id)


async def test_a_cache_is_shared_by_its_key_and_outlives_the_session(docker_host: str, base: str) -> None:
    key = uuid.uuid4().hex
    add = ["sh", "-c", "echo 1 >> /c/n; wc -l < /c/n"]
    counted = []
    for name in (key, key, f"{key}x"):
        async with Docker(docker_host, NO_BLOBS) as session:
            command = Command(args=add, mounts=[CacheMount(target="/c", key=name)])
            counted.append((await execute(session, await pull(session, base), command)).stdout)
    assert counted == [b"1\n", b"2\n", b"1\n"]
    assert len(await remove_cache(docker_host, key)) == 1
    assert len(await remove_cache(docker_host, f"{key}x")) == 1


async def test_secret_environment_is_in_no_image_and_no_container_left(
    docker: Docker, docker_host: str, image: DockerImage
) -> None:
    secret = uuid.uuid4().hex
    ended = await execute(
        docker, image, Command(args=["sh", "-c", "echo $TOK > /dev/null; touch /x"], env={"TOK": secret})
    )
    committed = await commit(docker, ended.container, config={"Cmd": ["x"]})
    await docker.remove(ended.container.id)
    async with asyncio.timeout(120):  # the intermediate image goes beside
        while secret in everything(docker_host):
            await asyncio.sleep(0.1)
    assert secret not in docker_says(docker_host, "history", "--no-trunc", committed.id)
    assert await archive.stat(docker, committed, "/x")


def everything(host: str) -> str:
    """All that Docker tells of all images and containers."""
    images = docker_says(host, "images", "--all", "--quiet", "--no-trunc").split()
    containers = docker_says(host, "ps", "--all", "--quiet").split()
    words = ["/usr/bin/docker", "--host", host, "inspect", *{*images, *containers}]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    others = [line for line in told.stderr.splitlines() if "No such object" not in line]
    assert not others, others  # what is somebody else's may be gone meanwhile
    return told.stdout


async def test_volumes_of_the_image_do_not_swallow_what_is_written(
    docker: Docker, image: DockerImage
) -> None:
    config = {**image.config, "Volumes": {"/srv": {}}, "Healthcheck": {"Test": ["CMD", "false"]}}
    with_volume = await derive(docker.client, image, config=config)
    ended = await execute(docker, with_volume, Command(args=["sh", "-c", "echo 1 > /srv/x"]))
    committed = await commit(docker, ended.container, config=config)
    assert await output(docker, committed, "cat /srv/x") == "1\n"
    assert committed.config["Volumes"] == {"/srv": {}}
    assert committed.config["Healthcheck"] == {"Test": ["CMD", "false"]}


async def test_files_are_read_and_looked_at(docker: Docker, image: DockerImage) -> None:
    ended = await execute(
        docker, image, Command(args=["sh", "-c", "mkdir /w; echo 1 > /w/y; ln -s y /w/z; chmod 4755 /w/y"])
    )
    committed = await commit(docker, ended.container, config={})
    for source in (ended.container, committed):
        found = [await archive.stat(docker, source, path) for path in ("/w", "/w/y", "/w/z")]
        assert [(one.kind, one.mode) for one in found if one] == [
            ("directory", 0o755),
            ("file", 0o4755),
            ("symlink", 0o777),
        ]
        assert await archive.stat(docker, source, "/w/nope") is None
        assert await archive.stat(docker, source, "/w/y/z") is None
        assert b"".join([piece async for piece in archive.read(docker, source, "/w")]).count(b"ustar") >= 3
        for path in ("/nope", "/w/y/z"):
            with pytest.raises(DockerError, match=f"stat {path}: no such file or directory"):
                [piece async for piece in archive.read(docker, source, path)]


async def test_a_cancelled_command_is_gone(
    docker: Docker, docker_host: str, image: DockerImage, events: list[Event]
) -> None:
    marker = uuid.uuid4().hex
    running = asyncio.create_task(
        execute(docker, image, Command(args=["sh", "-c", f"echo {marker}; sleep 300"]))
    )
    async with asyncio.timeout(120):  # it would run for 300
        while not any(event.text == marker for event in events):
            await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        while marker in docker_says(docker_host, "ps", "--all", "--no-trunc"):
            await asyncio.sleep(0.1)


async def test_many_at_once(docker: Docker, image: DockerImage) -> None:
    ended = await asyncio.gather(
        *(execute(docker, image, Command(args=["echo", str(number)])) for number in range(20))
    )
    assert [one.stdout for one in ended] == [f"{number}\n".encode() for number in range(20)]
