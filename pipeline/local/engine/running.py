"""What a command or a service of a container needs from Docker."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.local.docker import model
from pipeline.local.docker.command import Command
from pipeline.local.engine import edits
from pipeline.local.engine.container import Container, HiddenMount, Mount
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.looking import settled
from pipeline.local.engine.materialise import base_image, files_of, image_of
from pipeline.local.engine.materialise import settled as as_layer
from pipeline.local.engine.secret import reveal


async def prepared(
    engine: Engine,
    container: Container,
    line: Sequence[str],
    services: Mapping[str, model.Running],
    *,
    whole: bool = True,
    **more: Any,
) -> tuple[model.DockerImage, Command]:
    """An image whose configuration does not stand in the way, and all that is to be run in it.

    New files become part of the image where it has to be ``whole``; otherwise they are left to be put into
    the one container that needs them, which costs half as much. ``more`` is for the command.
    """
    base = None if whole or not _separable(container) else await base_image(engine, container.base)
    files = await as_layer(engine, base, container.files) if base else edits.EMPTY
    image = base or await files_of(engine, container)
    if image is None:
        raise QueryError("there is nothing to run: the container is empty")
    inherited = {item.partition("=")[0] for item in image.config.get("Env") or ()}
    # NB: a variable can be added without a new image, not removed
    if not inherited <= container.environment.keys():
        image, files = await image_of(engine, container), edits.EMPTY
    secrets = {name: await reveal(engine, secret) for name, secret in container.variables.items()}
    told = {name: value.decode("utf-8", "surrogateescape") for name, value in secrets.items()}
    return image, Command(
        args=line,
        env=container.environment | told,
        files=files,
        mounts=await asyncio.gather(*(_mount(engine, item) for item in container.mounts.values())),
        hosts={alias: service.address for alias, service in services.items()},
        user=container.config.get("User") or "",
        workdir=container.config.get("WorkingDir") or "/",
        gpus=container.gpus,
        name=engine.veil.text(" ".join(line)),
        **more,
    )


def _separable(container: Container) -> bool:
    """Whether new files can be put into a container: nothing is taken away, and no mount is in between."""
    targets = [target.strip("/") for target in container.mounts]
    below = any(f"{path}/".startswith(f"{target}/") for path in container.files.paths for target in targets)
    return not container.removed and not below


async def _mount(engine: Engine, mount: Mount) -> Any:
    """The mount as Docker's side knows it."""
    if not isinstance(mount, HiddenMount):
        return await settled(engine, mount)
    plaintext = await reveal(engine, mount.secret)
    uid, _, gid = (mount.owner or "0").partition(":")
    return model.SecretMount(
        target=mount.target, plaintext=plaintext, mode=mount.mode, uid=int(uid), gid=int(gid or uid)
    )


def command_line(container: Container, args: list[str], *, use_entrypoint: bool) -> list[str]:
    """What is to run: the arguments or the default ones, behind the entrypoint if that is wanted."""
    head = container.config.get("Entrypoint") or [] if use_entrypoint else []
    line = [*head, *(args or container.config.get("Cmd") or [])]
    if not line:
        raise QueryError("no command has been set: give args, or default arguments")
    return line
