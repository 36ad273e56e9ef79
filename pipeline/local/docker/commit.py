"""A kept container's file system as an image with exactly the wanted configuration."""

import io
import posixpath
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.local.docker import images, load
from pipeline.local.docker.client import ApiError
from pipeline.local.docker.model import Container
from pipeline.local.docker.run import Run

ADDED = (
    1  # https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerChanges
)


async def commit(run: Run, container: Container, *, config: Mapping[str, Any]) -> str:
    """The image's id.

    NB: Docker's commit copies the container's whole configuration, secret environment included, whatever it
    is told; so its image is only a step, loaded again with ours and removed. Until then it carries the run's
    labels: the next run's sweep finds it if this process dies here.
    """
    params = {"container": container.id, "pause": "0"}
    step = (await run.client.json("POST", "commit", params=params, json_body={}))["Id"]
    try:
        stubs = await _stubs(run, container)
        whole = await images.known(run.client, step)
        layers = (whiteouts(stubs),) if stubs else ()
        return await load.derive(run.client, whole, config=config, layers=layers, platform=whole.platform)
    finally:
        run.later(_remove_step(run, step))


async def _remove_step(run: Run, image: str) -> None:
    try:
        await run.client.bytes("DELETE", f"images/{image}", params={"noprune": "1"})
    except ApiError as error:
        if error.status not in {404, 409}:
            raise


async def _stubs(run: Run, container: Container) -> list[str]:
    """The mount points that Docker made for the mounts: a Dagger engine leaves none."""
    if not container.targets:
        return []
    changes = await run.client.json("GET", f"containers/{container.id}/changes") or []
    added = {change["Path"] for change in changes if change["Kind"] == ADDED}
    workdir = container.workdir or container.image.config.get("WorkingDir", "")
    return stubs_among(added, container.targets, workdir=workdir)


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


def whiteouts(paths: Iterable[str]) -> bytes:
    """A layer that takes ``paths`` away: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in paths:
            folder, name = posixpath.split(path.lstrip("/"))
            tar.addfile(tarfile.TarInfo(posixpath.join(folder, f".wh.{name}")))
    return buffer.getvalue()
