"""The root image of a registry on this machine: there already, pulled, or bootstrapped."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from aiohttp import ClientTimeout

from pipeline.docker_host.client import LONG, Client, DockerError
from pipeline.errors import EngineError
from pipeline.host.machine import certificates
from pipeline.host.machine.bootstrap import bootstrap
from pipeline.host.machine.local_registry import has_manifest
from pipeline.host.machine.packages import Say

_REACHABLE = ClientTimeout(total=10)  # seconds
# base64 of {}: Docker wants the header even for an anonymous registry
_NO_CREDENTIALS = {"X-Registry-Auth": "e30="}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class RootImage:
    """Where the root image is looked up (``REGISTRY/REPOSITORY:TAG``), and where it comes from otherwise."""

    registry: str
    repository: str
    tag: str
    source: str

    @property
    def name(self) -> str:
        """The name without its tag."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"


def is_loopback(registry: str) -> bool:
    """Whether a registry's address is this machine, which is what its name or number says, not a lookup."""
    host = registry.rpartition(":")[0] if registry.rpartition(":")[2].isdigit() else registry
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def ensure_root(root: RootImage, *, docker_host: str, say: Say) -> None:
    """Have the root image in its registry, of this machine only: the host's CA certificates go into it."""
    if not is_loopback(root.registry):
        raise EngineError(
            "a root image with this host's CA certificates is only for a registry on this machine",
            where=str(root),
            next_step="push one without them, or let the build pull [root] source",
        )
    if has_manifest(root.registry, root.repository, root.tag):
        say(f"root image {root}")
        return
    async with Client(docker_host) as docker:
        if await _pull(docker, root, say=say):
            await _add_certificates(docker, root, say=say)
        else:
            await _bootstrap(docker, root, say=say)
        await push(docker, str(root), say=say)


async def push(docker: Client, reference: str, *, say: Say) -> None:
    """Push a local image under a reference with a tag to an anonymous registry."""
    say(f"pushing {reference}")
    name, _, tag = reference.rpartition(":")
    await all_of(docker.messages(f"images/{name}/push", params={"tag": tag}, headers=_NO_CREDENTIALS))


async def all_of(messages: AsyncIterator[object]) -> None:
    """Wait until the last one has come."""
    async for _ in messages:
        pass


async def _pull(docker: Client, root: RootImage, *, say: Say) -> bool:
    """Whether the source could be pulled; it is then tagged as the root image."""
    try:
        # Docker Engine asks the source's registry for the manifest: quick where it can be reached.
        await docker.bytes("GET", f"distribution/{root.source}/json", patience=_REACHABLE)
    except DockerError as error:
        say(f"{root.source} cannot be pulled ({error.what})")
        return False
    say(f"pulling {root.source}")
    name, _, tag = root.source.rpartition(":")
    await all_of(docker.messages("images/create", params={"fromImage": name, "tag": tag}))
    await docker.bytes("POST", f"images/{root.source}/tag", params={"repo": root.name, "tag": root.tag})
    return True


async def _add_certificates(docker: Client, root: RootImage, *, say: Say) -> None:
    """Put the host's own CA certificates into the pulled image, if it has any."""
    own = certificates.own_certificates()
    if not own:
        return
    say(f"adding {len(own)} CA certificates of this host")
    async with _container(docker, str(root)) as container:
        files, headers = certificates.archive(own), {"Content-Type": "application/x-tar"}
        where = {"path": "/"}
        await docker.bytes(
            "PUT", f"containers/{container}/archive", params=where, data=files, headers=headers
        )
        changes = [f"ENV {key}={value}" for key, value in certificates.image_environment().items()]
        query = {"container": container, "repo": root.name, "tag": root.tag, "changes": changes}
        await docker.bytes("POST", "commit", params=query, json={}, patience=LONG)


@asynccontextmanager
async def _container(docker: Client, image: str) -> AsyncIterator[str]:
    """A container that is never started."""
    config = (await docker.json("GET", f"images/{image}/json"))["Config"]
    # Docker wants a command even so; one that the image has must not be replaced by the commit.
    command = {} if config.get("Cmd") or config.get("Entrypoint") else {"Cmd": ["/bin/sh"]}
    created = (await docker.json("POST", "containers/create", json={"Image": image, **command}))["Id"]
    try:
        yield created
    finally:
        await docker.delete(f"containers/{created}", force="1", v="1")


async def _bootstrap(docker: Client, root: RootImage, *, say: Say) -> None:
    with tempfile.TemporaryDirectory(prefix="pipeline-root-") as directory:
        tar = Path(directory) / "root.tar"
        await asyncio.to_thread(bootstrap, tar, say=say)
        say(f"importing {tar.stat().st_size / 1e6:.0f} MB")
        query = {"fromSrc": "-", "repo": root.name, "tag": root.tag, "changes": list(_changes())}
        headers = {"Content-Type": "application/x-tar"}
        with tar.open("rb") as body:
            await all_of(docker.messages("images/create", params=query, data=body, headers=headers))


def _changes() -> Iterator[str]:
    trust = certificates.image_environment() if certificates.own_certificates() else {}
    yield from (f"ENV {key}={value}" for key, value in {"PATH": _PATH, **trust}.items())
    yield 'CMD ["/bin/bash"]'
    yield "LABEL org.opencontainers.image.title=root"
