"""The witness: one container beside those under test, which tells what it reaches of them from there.

It is a Dagger service on the network of the session, on which whatever is bound to it stands too. It runs in
the base of the image under test, or in the catalog's `probe_image`, and needs nothing but python3.
"""

import contextlib
import logging
import secrets
from dataclasses import dataclass, field

import anyio
import dagger
from dagger import dag

from pipeline.planning.units import Unit
from pipeline.stages.access import Access
from pipeline.stages.scripts import script
from pipeline.stages.smoke.probe import witness_text

log = logging.getLogger("pipeline")

ALIAS = "pipeline-witness"
PORT = 8099
_PATH = "/.pipeline-witness.py"
_START = 60.0  # seconds


def beside_image(unit: Unit, base: str) -> str:
    """The image of a container beside one of this unit, whose base is the reference ``base``."""
    return unit.promises.probe_image or base


@dataclass(kw_only=True)
class Witnesses:
    """The witnesses of one run, started when first asked for; one for each image that they run in.

    ``users`` are the names of the units that may still ask for one. ``run`` is what no other run has: a
    Dagger engine takes equal services of a session for one, and counts each use by the first run off 10 s
    after it ended, then from the second run's witness, until that is stopped (0.21.8, core/services.go,
    Detach).
    """

    access: Access
    users: set[str] = field(default_factory=set[str])
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    _left: anyio.Event = field(default_factory=anyio.Event)
    _started: dict[str, dagger.Service | None] = field(default_factory=dict[str, dagger.Service | None])
    _locks: dict[str, anyio.Lock] = field(default_factory=dict[str, anyio.Lock])

    async def of(self, image: str, *, platform: str) -> dagger.Service | None:
        """The witness in this image; None where it cannot run, which each check that wants it then says."""
        lock = self._locks.setdefault(image, anyio.Lock())
        async with lock:
            if image not in self._started:
                self._started[image] = await self._start(image, platform)
            return self._started[image]

    async def _start(self, image: str, platform: str) -> dagger.Service | None:
        container = self.access.sign_in(dag.container(platform=dagger.Platform(platform))).from_(image)
        service = (
            container.with_mounted_file(_PATH, script(witness_text()))
            .without_docker_healthcheck()
            .with_env_variable("PIPELINE_RUN", self.run)
            .with_exposed_port(PORT)
            .as_service(args=["python3", _PATH, str(PORT)])
        )
        try:
            with anyio.fail_after(_START):
                return await service.start()
        except (dagger.QueryError, TimeoutError) as error:
            log.info("no witness in %s: %s", image, error)
            return None

    def join(self, user: str) -> None:
        """A unit may ask for one, again if it had left."""
        self.users.add(user)
        if self._left.is_set():
            self._left = anyio.Event()

    def leave(self, user: str) -> None:
        """A unit needs none any more."""
        self.users.discard(user)
        if not self.users:
            self._left.set()

    async def close_when_left(self) -> None:
        """Stop them all as soon as no unit needs one, while what was tested is still being pushed."""
        while self.users:
            await self._left.wait()
        await self.close()

    async def close(self) -> None:
        """Stop them all; a session's end would do so too."""
        with anyio.CancelScope(shield=True), anyio.move_on_after(10):
            # NB: whoever asks meanwhile (for a candidate that it adopts) must not get one that is stopped.
            started, self._started = self._started, {}
            for service in started.values():
                if service is not None:
                    with contextlib.suppress(dagger.QueryError):  # it may be gone
                        await service.stop(kill=True)
