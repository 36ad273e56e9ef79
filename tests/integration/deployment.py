"""A deployment under watch: a canary for the whole fleet, then for one service, and back each time."""

import asyncio
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from supervisor import Supervisor


@dataclass(kw_only=True)
class Client:
    """Asks every service that nobody is replacing, again and again.

    Parameters
    ----------
    ports:
        Where each service answers `/health` on this machine.
    pause:
        Seconds between two questions to one service.
    patience:
        Seconds after which there is no answer: a machine may be busy, and nothing but a hang takes so long.
    """

    ports: dict[str, int]
    supervisor: Supervisor
    pause: float = 0.02
    patience: float = 30.0
    asked: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)

    def ask(self, name: str) -> bytes:
        """What a service answers. Raises OSError unless its status is 2xx."""
        address = f"http://127.0.0.1:{self.ports[name]}/health"
        with urllib.request.urlopen(address, timeout=self.patience) as answer:
            return answer.read()

    @asynccontextmanager
    async def watching(self, *, blind: bool = True) -> AsyncIterator[None]:
        """Keep asking until the block ends. NB: not blind, it also asks whom the supervisor is replacing."""
        stop = asyncio.Event()

        async def keep_asking(name: str) -> None:
            while not stop.is_set():
                if not (blind and name in self.supervisor.busy):
                    await self._once(name, blind=blind)
                await asyncio.sleep(self.pause)

        async with asyncio.TaskGroup() as group:
            for name in self.ports:
                group.create_task(keep_asking(name))
            try:
                yield
            finally:
                stop.set()

    async def _once(self, name: str, *, blind: bool) -> None:
        self.asked += 1
        began, whom = time.monotonic(), self.supervisor.begun[name]
        try:
            await asyncio.to_thread(self.ask, name)
            self.slowest = max(self.slowest, time.monotonic() - began)
        except OSError as error:
            # NB: it may have been taken away while it was being asked, and its successor be ready by now.
            if not blind or self.supervisor.begun[name] == whom:
                self.failures.append(f"{name}: {error}")


async def canary_and_back(
    client: Client, versions: Callable[[], dict[str, str]], *, old: str, new: str, core: set[str], one: str
) -> None:
    """Deploy ``new`` everywhere and go back, then for one service, and back; the client watches.

    ``versions`` says what each service is now; ``core`` are those that must be replaced before all others.
    """
    supervisor, everywhere = client.supervisor, dict.fromkeys(client.ports, old)
    async with client.watching():
        supervisor.replaced.clear()
        await supervisor.up(FORCE_IMAGE_TAG=new)
        assert {*supervisor.replaced[: len(core)]} == core
        assert sorted(supervisor.replaced) == sorted(everywhere)
        assert versions() == dict.fromkeys(everywhere, new)

        await supervisor.up()
        assert versions() == everywhere

        supervisor.replaced.clear()
        await supervisor.up(**{f"FORCE_IMAGE_TAG_{one.upper()}": new})
        assert supervisor.replaced == [one]
        assert versions() == everywhere | {one: new}

        await supervisor.up()
        assert supervisor.replaced == [one, one]
        assert versions() == everywhere
