"""Trees and images for the tests of `pipeline.local.docker`."""

import asyncio
import hashlib
import subprocess
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from pipeline.local.blobs import Blobs
from pipeline.local.docker import images
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.model import Auth, DockerImage
from pipeline.local.tar import END, member
from pipeline.local.tree import Entry, Kind, Tree

NO_BLOBS = Blobs(Path("/nowhere"))  # for what sends no files


async def pull(docker: Docker, reference: str, *, auth: Auth | None = None) -> DockerImage:
    return await images.pull(
        docker.client, reference, platform="linux/amd64", auth=auth, on_event=docker.on_event
    )


async def push(docker: Docker, image: DockerImage, reference: str, *, auth: Auth | None = None) -> str:
    return await images.push(
        docker.client, image, reference, auth=auth, on_event=docker.on_event, folder=docker.folder
    )


def single_file_tar(name: str, data: bytes, mode: int = 0o644) -> bytes:
    """A layer with one file of root."""
    entry = Entry(Kind.FILE, mode, size=len(data))
    return b"".join(member(name, entry, BytesIO(data))) + END


def tree(blobs: Blobs, files: Mapping[str, str | bytes | tuple[str, int] | Entry]) -> Tree:
    """Files by path: text, (text, mode), or an entry; parents are added."""
    entries: dict[str, Entry] = {}
    for path, content in files.items():
        parts = path.split("/")
        for count in range(1, len(parts)):
            entries.setdefault("/".join(parts[:count]), Entry(Kind.DIRECTORY, 0o755))
        entries[path] = content if isinstance(content, Entry) else _file(blobs, content)
    return Tree(entries)


def _file(blobs: Blobs, content: str | bytes | tuple[str, int]) -> Entry:
    text, mode = content if isinstance(content, tuple) else (content, 0o644)
    data = text.encode() if isinstance(text, str) else text
    return Entry(Kind.FILE, mode, size=len(data), content=blobs.add_bytes(data))


def link(target: str) -> Entry:
    return Entry(Kind.SYMLINK, 0o777, content=target)


async def output(docker: Docker, image: DockerImage, command: str) -> str:
    """What a shell command prints in the image; it must succeed."""
    ended = await execute(docker, image, Command(args=["sh", "-c", command]))
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout.decode()


def docker_says(host: str, *args: str) -> str:
    """What the docker command prints: a second opinion on what is there."""
    return subprocess.run(
        ["/usr/bin/docker", "--host", host, *args], check=True, capture_output=True, text=True
    ).stdout


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def remove_cache(host: str, key: str) -> list[str]:
    """Remove the volumes of a cache mount, once no container has them any more; their names."""
    names = docker_says(host, "volume", "ls", "-q", "--filter", f"label=pipeline.local.cache={key}").split()
    async with asyncio.timeout(120):
        for name in names:
            while not _removed(host, name):
                await asyncio.sleep(0.2)
    return names


def _removed(host: str, volume: str) -> bool:
    command = ["/usr/bin/docker", "--host", host, "volume", "rm", volume]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
