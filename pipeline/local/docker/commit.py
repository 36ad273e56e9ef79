"""The file system that a command left as an image with exactly the wanted configuration."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from pipeline.local.docker import images, load
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.model import Container, DockerImage
from pipeline.local.tar import layer_of
from pipeline.local.tree import Tree

# https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerChanges
ADDED = 1


async def commit(docker: Docker, container: Container, *, config: Mapping[str, Any]) -> DockerImage:
    """The image: no mounts, no environment of the command.

    NB: Docker's commit copies the container's whole configuration, secret environment included, whatever it
    is told; so its image is only a step, loaded again with ours and removed. Until then it carries the run's
    labels: the next run's sweep finds it if this process dies here.
    """
    params = {"container": container.id, "pause": "0"}
    step = (await docker.client.json("POST", "commit", params=params, json={}))["Id"]
    try:
        whole = await images.known(docker.client, step)
        stubs = await _stubs(docker, container)
        layers = [BytesIO(b"".join(layer_of(Tree({}), docker.blobs, removed=stubs)))] if stubs else []
        return await load.derive(docker.client, whole, config=config, layers=layers)
    finally:
        removal = docker.client.delete(f"images/{step}", noprune="1")
        if load.uses_containerd(docker.client):
            # NB: what was unpacked of the step goes with it. A container that is created afterwards unpacks
            # it again; one that is created meanwhile fails ("parent snapshot does not exist").
            await removal
        else:
            docker.later(removal)


async def _stubs(docker: Docker, container: Container) -> list[str]:
    """The mount points that Docker made for the mounts: a Dagger engine leaves none."""
    if not container.targets:
        return []
    changes = await docker.client.json("GET", f"containers/{container.id}/changes") or []
    added = {change["Path"] for change in changes if change["Kind"] == ADDED}
    workdir = container.workdir or container.image.config.get("WorkingDir", "")
    return [path.lstrip("/") for path in stubs_among(added, container.targets, workdir=workdir)]


def stubs_among(added: Iterable[str], targets: Sequence[str], *, workdir: str = "") -> list[str]:
    """Those of ``targets`` and their parents that were added and hold nothing else; outermost only."""
    left = set(added)
    gone: list[str] = []
    for target in sorted(map(posixpath.normpath, targets), key=len, reverse=True):
        path = target
        while path in left and not f"{workdir}/".startswith(f"{path}/"):
            if any(other.startswith(f"{path}/") for other in left):
                break
            left.discard(path)
            gone.append(path)
            path = posixpath.dirname(path)
    return sorted(path for path in gone if posixpath.dirname(path) not in gone)
