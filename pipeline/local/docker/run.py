"""What one run creates in Docker, so that all of it can be removed again."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from pipeline.local.docker import cache, load
from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.events import Listener
from pipeline.local.docker.model import DockerError, DockerImage
from pipeline.local.docker.owner import RUN, Lock, Owner
from pipeline.local.docker.sweep import remove_labelled

SHARED = "bridge"  # NB: a network of the run costs 0.25 s, and more for each container on it
CLOSING = 4.0  # seconds; a run is gone within 5


class Run:
    """One session's connection, identity and belongings."""

    def __init__(self, client: Client, owner: Owner, lock: Lock, on_event: Listener) -> None:
        self.client = client
        self.on_event = on_event
        self.labels = owner.labels()
        self.folder = lock.folder
        self._owner = owner
        self._lock = lock
        self._count = itertools.count(1)
        self._endings: dict[str, list[Callable[[], Any]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._once: dict[str, asyncio.Task[Any]] = {}

    def name(self) -> str:
        """A new name for a container or volume."""
        return f"pipeline-{self._owner.run}-{next(self._count)}"

    async def create(self, name: str, body: Mapping[str, Any]) -> str:
        """Create a container under a name from `name`; it goes with `remove` or with the run."""
        labelled = {**body, "Labels": self.labels}
        params = {"name": name}
        return (await self.client.json("POST", "containers/create", params=params, json_body=labelled))["Id"]

    def at_removal(self, container: str, ending: Callable[[], Any]) -> None:
        """Call ``ending`` (it may give an awaitable) once the container (by name) has been removed."""
        self._endings.setdefault(container, []).append(ending)

    async def remove(self, container: str) -> None:
        """Remove a container by its name, running or not, with its anonymous volumes; absent is fine."""
        try:
            await self.client.bytes("DELETE", f"containers/{container}", params={"force": "1", "v": "1"})
        except ApiError as error:
            if error.status not in {404, 409}:  # 409: its removal is under way
                raise
        finally:
            for ending in self._endings.pop(container, []):
                if asyncio.iscoroutine(waiting := ending()):
                    await waiting

    async def volume(self) -> tuple[str, str]:
        """A new volume: its name, and where Docker keeps it on its own machine."""
        body = {"Name": self.name(), "Labels": self.labels}
        made = await self.client.json("POST", "volumes/create", json_body=body)
        return made["Name"], made["Mountpoint"]

    async def remove_volume(self, name: str) -> None:
        try:
            await self.client.bytes("DELETE", f"volumes/{name}", params={"force": "1"})
        except ApiError as error:
            if error.status != 404:
                raise

    async def network(self) -> str:
        """Where services stand, and whatever is bound to one: all of it reaches all else by address.

        That is Docker's own bridge, or a network of the run where there is none that lets containers talk.
        """
        return await self.once("network", self._find_network)

    async def without_volumes(self, image: DockerImage) -> str:
        """The image's id, or that of one without its VOLUMEs: they swallow what a command writes there."""
        if not image.config.get("Volumes"):
            return image.id
        config = {key: value for key, value in image.config.items() if key != "Volumes"}

        async def derived() -> str:
            made = await load.derive(self.client, image, config=config, layers=(), platform=image.platform)
            return (await cache.keep(self.client, made)).id

        return await self.once(f"quiet {image.id}", derived)

    async def reader(self, image: DockerImage) -> str:
        """A container of the image that is never started, for its archive endpoints."""

        async def created() -> str:
            name = self.name()
            body = {"Image": image.id, "Entrypoint": ["/"], "HostConfig": {"NetworkMode": "none"}}
            await self.create(name, body)
            return name

        return await self.once(f"reader {image.id}", created)

    async def once(self, key: str, make: Callable[[], Coroutine[Any, Any, str]]) -> str:
        """What ``make`` gave the first time; a failure is forgotten, a cancelled caller cancels no other."""
        if key not in self._once or self._once[key].cancelled():
            self._once[key] = asyncio.create_task(make())
        task = self._once[key]
        try:
            return await asyncio.shield(task)
        except DockerError:
            self._once.pop(key, None)
            raise

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do ``work`` beside what follows; the run's end waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: what is left over is removed at the end, or by the sweep

    async def close(self) -> None:
        """Remove everything; what Docker does not manage in time is left to the next run's sweep."""
        try:
            async with asyncio.timeout(CLOSING):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                while (await remove_labelled(self.client, {RUN: self._owner.run}))[1]:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except (TimeoutError, DockerError):
            return  # NB: the lock's folder stays for the sweep, which needs it only to see that we are gone
        finally:
            for task in self._once.values():
                task.cancel()
            self._lock.release()

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
        name = f"pipeline-{self._owner.run}"
        body = {"Name": name, "Driver": "bridge", "CheckDuplicate": True, "Labels": self.labels}
        await self.client.json("POST", "networks/create", json_body=body)
        return name
