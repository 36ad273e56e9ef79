"""`Docker`: everything that the local engine asks of Docker Engine."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pipeline.local.docker import (
    archive,
    build,
    cache,
    commit,
    execute,
    images,
    load,
    pull,
    push,
    save,
    services,
)
from pipeline.local.docker.client import Client
from pipeline.local.docker.command import Command
from pipeline.local.docker.events import Listener, ignore
from pipeline.local.docker.model import (
    Auth,
    Container,
    Contents,
    DockerImage,
    Exec,
    Mount,
    Running,
    Stat,
)
from pipeline.local.docker.owner import Lock, due, this_process
from pipeline.local.docker.run import Run
from pipeline.local.docker.sweep import sweep
from pipeline.local.tree import Tree


class Docker:
    """One session with Docker Engine; an async context manager.

    Everything it creates carries labels of this run. Entering removes what runs of dead processes left;
    leaving, also by cancellation, removes what this one made (not images and caches) within 5 seconds.

    Parameters
    ----------
    host:
        ``unix://…``, ``tcp://…`` or ``ssh://…``; None = DOCKER_HOST, docker context, the usual sockets.
    on_event:
        Called from the event loop; must return at once.
    """

    def __init__(self, host: str | None, *, on_event: Listener = ignore) -> None:
        self._host = host
        self._on_event = on_event

    async def __aenter__(self) -> Self:
        """Connect, agree on the API version, sweep. Raises DockerError when there is no usable Docker."""
        client = await Client(self._host).connect()
        try:
            owner = this_process()
            self._run = Run(client, owner, Lock(owner.run), self._on_event)
            await sweep(client, owner, self._on_event)
            if due("trim", every=cache.YOUNG):
                self._run.later(cache.trim(client))
        except BaseException:
            await client.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        closing = asyncio.create_task(self._run.close())
        try:
            await asyncio.shield(closing)
        finally:
            await asyncio.wait({closing})  # also when cancelled once more: it ends by itself
            await self._client.close()

    @property
    def _client(self) -> Client:
        return self._run.client

    @property
    def version(self) -> tuple[int, ...]:
        """The Engine's version, (20, 10, 24)."""
        return self._client.version

    @property
    def platform(self) -> str:
        """What the Engine's machine is, "linux/amd64"."""
        return f"{self._client.engine['Os']}/{self._client.engine['Arch']}"

    async def forget(self) -> int:
        """Remove every image and cache volume that any run has kept (`pipeline clean`); gives how many."""
        return await cache.forget(self._client)

    async def inspect(self, reference: str) -> DockerImage | None:
        """The image in Docker's own store under this id or reference, None if there is none."""
        return await images.inspect(self._client, reference)

    async def pull(
        self, reference: str, *, platform: str = "linux/amd64", auth: Auth | None = None
    ) -> DockerImage:
        """The image as the registry has it now: asks for the digest, pulls name@digest unless it is there.

        A local tag of the same name is never looked at. Raises DockerError "REFERENCE: not found" and the
        like.
        """
        return await pull.pull(self._client, reference, platform=platform, auth=auth, on_event=self._on_event)

    async def build(
        self,
        context: Tree,
        blobs: Contents,
        *,
        dockerfile: str = "Dockerfile",
        build_args: Sequence[tuple[str, str]] = (),
        target: str = "",
        platform: str = "linux/amd64",
        secrets: Mapping[str, bytes] | None = None,
        auth: Mapping[str, Auth] | None = None,
        labels: Mapping[str, str] | None = None,
        name: str = "",
    ) -> DockerImage:
        """Build ``dockerfile`` (a path within ``context``) with BuildKit; its ``.dockerignore`` applies.

        ``secrets`` by id for ``RUN --mount=type=secret``; ``auth`` by registry host for private bases;
        ``labels`` are set at the end, over those of the Dockerfile; ``name`` is what events call it. Raises
        ExecFailed for a failing RUN, DockerError ("FILE:LINE: …") for all else.
        """
        request = build.Request(
            context=context,
            blobs=blobs,
            dockerfile=dockerfile,
            build_args=build_args,
            target=target,
            platform=platform,
            secrets=secrets or {},
            auth=auth or {},
            labels=labels or {},
            name=name or dockerfile,
        )
        built = await build.build(self._client, request, self._on_event)
        return await cache.keep(self._client, built)

    async def derive(
        self,
        base: DockerImage | None,
        *,
        config: Mapping[str, Any],
        layers: Sequence[Path | bytes] = (),
        platform: str = "linux/amd64",
    ) -> DockerImage:
        """``base`` (None = scratch) with exactly this configuration and ``layers`` (plain tars) on top.

        Deterministic: equal arguments give an equal id, at once. ``platform`` counts for scratch only.
        """
        derived = load.derive(self._client, base, config=config, layers=layers, platform=platform)
        return await cache.keep(self._client, await derived)

    async def execute(
        self,
        image: DockerImage,
        *,
        args: Sequence[str],
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        files: Tree | None = None,
        mounts: Sequence[Mount] = (),
        blobs: Contents | None = None,
        hosts: Mapping[str, str] | None = None,
        user: str | None = None,
        workdir: str | None = None,
        keep: bool = False,
        insecure: bool = False,
        gpus: bool = False,
        name: str = "",
    ) -> Exec:
        """Run ``args`` in a new container of ``image``, never raising for an exit code.

        The image's entrypoint, VOLUMEs and health check do not count; its Env, User and WorkingDir do
        unless given. ``env`` is added (secrets go here: they reach neither `commit` nor any image).
        ``hosts`` maps names to addresses of services (`Running.address`); with it the container joins the
        run's network. ``files`` are put over the image's own. ``blobs`` is needed with them, DirectoryMount
        and FileMount. A missing program is exit 1 with ``fork/exec …`` on stderr. ``keep`` leaves the ended
        container for `commit`, `read`, `stat`; hand it to `remove` afterwards.
        """
        command = Command(
            args=args,
            env=env or {},
            stdin=stdin,
            files=files or Tree({}),
            mounts=mounts,
            blobs=blobs,
            hosts=hosts or {},
            user=user,
            workdir=workdir,
            insecure=insecure,
            gpus=gpus,
            name=name,
        )
        return await execute.execute(self._run, image, command, keep=keep)

    async def commit(self, container: Container, *, config: Mapping[str, Any]) -> DockerImage:
        """The kept container's file system as an image with exactly ``config``: no mounts, no extra env."""
        return await cache.keep(self._client, await commit.commit(self._run, container, config=config))

    async def remove(self, container: Container) -> None:
        """Remove a kept container; a second time does nothing."""
        await self._run.remove(container.id)

    async def read(self, source: DockerImage | Container, path: str) -> AsyncIterator[bytes]:
        """A tar of what is at ``path`` (absolute), its names starting with the last part of ``path``.

        A symlink is given as such: `stat` first. Raises DockerError "stat PATH: no such file or directory".
        """
        container = source.id if isinstance(source, Container) else await self._run.reader(source)
        async for chunk in archive.read(self._client, container, path):
            yield chunk

    async def stat(self, source: DockerImage | Container, path: str) -> Stat | None:
        """What is at ``path`` (absolute; the last part is not followed), None if nothing is."""
        container = source.id if isinstance(source, Container) else await self._run.reader(source)
        return await archive.stat(self._client, container, path)

    async def push(self, image: DockerImage, reference: str, *, auth: Auth | None = None) -> str:
        """Push as ``reference`` (name:tag), return the digest; a local tag of that name stays as it was."""
        return await push.push(self._run, image, reference, auth=auth)

    async def save(self, image: DockerImage, path: Path) -> None:
        """Write a tarball that is both an OCI layout and loadable by ``docker load``."""
        await save.save(self._client, image, path)

    async def start(
        self,
        image: DockerImage,
        *,
        args: Sequence[str],
        ports: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        mounts: Sequence[Mount] = (),
        blobs: Contents | None = None,
        hosts: Mapping[str, str] | None = None,
        user: str | None = None,
        workdir: str | None = None,
        hostname: str = "",
        insecure: bool = False,
        gpus: bool = False,
        init: bool = True,
        name: str = "",
    ) -> Running:
        """Start a service on the run's network and wait until each TCP port in ``ports`` accepts connections.

        Raises ExecFailed with its own streams when it ends before. Without ports it is ready once started.
        ``args`` is the whole command line (put the entrypoint before it yourself).
        """
        command = Command(
            args=args,
            env=env or {},
            mounts=mounts,
            blobs=blobs,
            hosts=hosts or {},
            user=user,
            workdir=workdir,
            hostname=hostname,
            insecure=insecure,
            gpus=gpus,
            init=init,
            name=name,
        )
        return await services.start(self._run, image, command, ports=ports)

    async def wait(self, service: Running) -> int:
        """The service's exit code, once it has ended."""
        return await services.wait(self._run, service)

    async def runs(self, service: Running) -> bool:
        """Whether the service has not ended yet."""
        return await services.runs(self._run, service)

    async def logs(self, service: Running) -> tuple[bytes, bytes]:
        """stdout and stderr so far, each at most the last 1 MiB."""
        return await services.logs(self._run, service)

    async def stop(self, service: Running, *, kill: bool = False, grace: float = 10.0) -> None:
        """Stop (SIGTERM, after ``grace`` seconds SIGKILL; ``kill`` = at once) and remove it."""
        await services.stop(self._run, service, kill=kill, grace=grace)
