"""One session with Docker Engine, and what it creates there, so that all of it can be removed again."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Self

from pipeline.docker_host.client import ApiError, Client, DockerError
from pipeline.local.blobs import Blobs
from pipeline.local.docker import images, load, owner
from pipeline.local.docker.model import DockerImage, Listener, ignore
from pipeline.local.flights import Flights

SHARED = "bridge"  # NB: a network of the run costs 0.25 s, and more for each container on it
CLOSING = 4.0  # seconds; a run is gone within 5


class Docker:
    """A session; an async context manager.

    Everything it creates carries labels of this run. Entering removes what runs of dead processes left;
    leaving, also by cancellation, removes what this one made (not images and caches) within 5 seconds.

    Parameters
    ----------
    host:
        ``unix://…``, ``tcp://…`` or ``ssh://…``; None = the system's socket.
    blobs:
        Where the contents of the trees are that are built, mounted and written.
    on_event:
        Called from the event loop; must return at once.
    """

    def __init__(self, host: str | None, blobs: Blobs, *, on_event: Listener = ignore) -> None:
        self.client = Client(host)
        self.blobs = blobs
        self.on_event = on_event
        self._owner = owner.this_process()
        self._count = itertools.count(1)
        self._endings: dict[str, list[Callable[[], Any]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._flights = Flights()

    async def __aenter__(self) -> Self:
        """Connect, agree on the API version, sweep. Raises DockerError when there is no usable Docker."""
        await self.client.connect()
        try:
            self._folder = owner.run_folder(self._owner.run)
            self.folder = self._folder.path
            await owner.sweep(self.client, self._owner, self.on_event)
            for folder in owner.dead_folders():
                await images.give_back(self.client, folder)
            if owner.due("trim", every=images.YOUNG):
                self.later(images.trim(self.client))
        except BaseException:
            await self.client.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        closing = asyncio.create_task(self._remove_everything())
        try:
            await asyncio.shield(closing)
        finally:
            await asyncio.wait({closing})  # also when cancelled once more: it ends by itself
            await self.client.close()

    def name(self) -> str:
        """A new name for a container or volume."""
        return f"pipeline-{self._owner.run}-{next(self._count)}"

    async def create(self, name: str, body: Mapping[str, Any]) -> None:
        """Create a container under a name from `name`; it goes with `remove` or with the run."""
        labelled = {**body, "Labels": self._owner.labels()}
        await self.client.bytes("POST", "containers/create", params={"name": name}, json=labelled)

    def at_removal(self, container: str, ending: Callable[[], Any]) -> None:
        """Call ``ending`` (it may give an awaitable) once the container (by name) has been removed."""
        self._endings.setdefault(container, []).append(ending)

    async def remove(self, container: str) -> None:
        """Remove a container by its name, running or not, with its anonymous volumes; absent is fine."""
        try:
            await self.client.delete(f"containers/{container}", force="1", v="1")
        finally:
            for ending in self._endings.pop(container, []):
                if asyncio.iscoroutine(waiting := ending()):
                    await waiting

    async def network(self) -> str:
        """Where services stand, and whatever is bound to one: all of it reaches all else by address.

        That is Docker's own bridge, or a network of the run where there is none that lets containers talk.
        """
        return await self._flights.once("network", self._find_network)

    async def without_volumes(self, image: DockerImage) -> str:
        """The image's id, or that of one without its VOLUMEs: they swallow what a command writes there."""
        if not image.config.get("Volumes"):
            return image.id
        config = {key: value for key, value in image.config.items() if key != "Volumes"}
        made = await self._flights.once(
            f"quiet {image.id}", lambda: load.derive(self.client, image, config=config)
        )
        return made.id

    async def idle(self, image: DockerImage, **options: Any) -> str:
        """A container of the image that is never started, for its archive endpoints."""
        name = self.name()
        await self.create(name, {"Image": image.id, "Entrypoint": ["/"], "HostConfig": options})
        return name

    async def reader(self, image: DockerImage) -> str:
        """An idle container for whoever reads this image."""
        return await self._flights.once(f"reader {image.id}", lambda: self.idle(image, NetworkMode="none"))

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do ``work`` beside what follows; the run's end waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: what is left over is removed at the end, or by the sweep

    async def _remove_everything(self) -> None:
        """NB: what Docker does not manage in time is left to the next run's sweep."""
        try:
            async with asyncio.timeout(CLOSING):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await self._flights.close()
                labels = {owner.RUN: self._owner.run}
                while (await owner.remove_labelled(self.client, labels))[1]:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except (TimeoutError, DockerError):
            return
        finally:
            self._folder.remove()

    async def _find_network(self) -> str:
        try:
            shared = await self.client.json("GET", f"networks/{SHARED}")
        except ApiError as error:
            if error.status != 404:
                raise
            return await self._create_network()
        talks = (shared.get("Options") or {}).get("com.docker.network.bridge.enable_icc", "true")
        is_bridge = shared.get("Driver") == "bridge" and talks == "true"
        return SHARED if is_bridge else await self._create_network()

    async def _create_network(self) -> str:
        name, labels = f"pipeline-{self._owner.run}", self._owner.labels()
        body = {"Name": name, "Driver": "bridge", "CheckDuplicate": True, "Labels": labels}
        await self.client.bytes("POST", "networks/create", json=body)
        return name
