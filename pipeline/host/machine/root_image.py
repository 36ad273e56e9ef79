"""The root image of a registry on this machine: there already, pulled, or bootstrapped."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

from pipeline.errors import EngineError
from pipeline.host.machine import certificates
from pipeline.host.machine.bootstrap import bootstrap
from pipeline.host.machine.docker_api import DockerApi
from pipeline.host.machine.local_registry import has_manifest
from pipeline.host.machine.packages import Say

REACH_DEADLINE = 10.0
PULL_DEADLINE = 1800.0
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


def ensure_root(root: RootImage, *, docker_host: str, say: Say) -> None:
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
    docker = DockerApi(host=docker_host)
    if _pull(docker, root, say=say):
        _add_certificates(docker, root, say=say)
    else:
        _bootstrap(docker, root, say=say)
    say(f"pushing {root}")
    docker.push(str(root))


def _pull(docker: DockerApi, root: RootImage, *, say: Say) -> bool:
    """Whether the source could be pulled; it is then tagged as the root image."""
    try:
        # Docker Engine asks the source's registry for the manifest: quick where it can be reached.
        docker.call("GET", f"/distribution/{quote(root.source)}/json", timeout=REACH_DEADLINE)
    except EngineError as error:
        say(f"{root.source} cannot be pulled ({_first_line(error)})")
        return False
    say(f"pulling {root.source}")
    name, _, tag = root.source.rpartition(":")
    for _ in docker.messages("/images/create", query={"fromImage": name, "tag": tag}, timeout=PULL_DEADLINE):
        pass
    _tag(docker, root.source, root)
    return True


def _first_line(error: EngineError) -> str:
    return error.what.splitlines()[0]


def _tag(docker: DockerApi, image: str, root: RootImage) -> None:
    docker.call("POST", f"/images/{quote(image)}/tag", query={"repo": root.name, "tag": root.tag})


def _add_certificates(docker: DockerApi, root: RootImage, *, say: Say) -> None:
    """Put the host's own CA certificates into the pulled image, if it has any."""
    own = certificates.own_certificates()
    if not own:
        return
    say(f"adding {len(own)} CA certificates of this host")
    with _container(docker, str(root)) as container:
        docker.call(
            "PUT",
            f"/containers/{container}/archive",
            query={"path": "/"},
            body=certificates.archive(own),
            content_type="application/x-tar",
        )
        changes = [f"ENV {key}={value}" for key, value in certificates.image_environment().items()]
        query = {"container": container, "repo": root.name, "tag": root.tag, "changes": changes}
        docker.call("POST", "/commit", query=query, body={})


@contextmanager
def _container(docker: DockerApi, image: str) -> Iterator[str]:
    """A container that is never started."""
    config = docker.call("GET", f"/images/{quote(image)}/json")["Config"]
    # Docker wants a command even so; one that the image has must not be replaced by the commit.
    command = {} if config.get("Cmd") or config.get("Entrypoint") else {"Cmd": ["/bin/sh"]}
    created = docker.call("POST", "/containers/create", body={"Image": image, **command})["Id"]
    try:
        yield created
    finally:
        docker.call("DELETE", f"/containers/{created}", query={"force": 1, "v": 1})


def _bootstrap(docker: DockerApi, root: RootImage, *, say: Say) -> None:
    with tempfile.TemporaryDirectory(prefix="pipeline-root-") as directory:
        tar = Path(directory) / "root.tar"
        bootstrap(tar, say=say)
        say(f"importing {tar.stat().st_size / 1e6:.0f} MB")
        query = {"fromSrc": "-", "repo": root.name, "tag": root.tag, "changes": list(_changes())}
        with tar.open("rb") as body:
            for _ in docker.messages("/images/create", query=query, body=body):
                pass


def _changes() -> Iterator[str]:
    trust = certificates.image_environment() if certificates.own_certificates() else {}
    yield from (f"ENV {key}={value}" for key, value in {"PATH": _PATH, **trust}.items())
    yield 'CMD ["/bin/bash"]'
    yield "LABEL org.opencontainers.image.title=root"
