"""Commands end when nobody waits for them any more, and only then."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dagger
import pytest
import pytest_asyncio
from engine_world import World, failure, world

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(docker_host: str, base: str, registry: str):
    async with world(docker_host=docker_host, base=base, registry=registry) as found:
        yield found


def runs(mark: str) -> bool:
    """Is there a process with this word on its command line; processes of containers are seen from here."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in line.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


async def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 120
    while not true():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


async def test_a_command_ends_with_the_last_who_waits_for_it(there: World) -> None:
    mark = f"mark-{secrets.token_hex(8)}"
    line = ["sh", "-c", "sleep 300", mark]
    one, two = (asyncio.create_task(there.base.with_exec(line).stdout()) for _ in range(2))
    assert await until(lambda: runs(mark))
    one.cancel()
    await asyncio.sleep(1)
    assert runs(mark), "the other one still waits"
    two.cancel()
    assert await until(lambda: not runs(mark))
    await asyncio.gather(one, two, return_exceptions=True)


@dataclass(frozen=True)
class Gate:
    """A command that ends when the gate is opened, and not before."""

    there: World
    mark: str = field(default_factory=lambda: f"mark-{secrets.token_hex(8)}")

    @property
    def _base(self) -> dagger.Container:
        return self.there.base.with_mounted_cache("/gate", self.there.client.cache_volume(self.mark))

    async def wait(self) -> str:
        script = "until [ -e /gate/open ]; do sleep 0.05; done; echo done"
        return await self._base.with_exec(["sh", "-c", script, self.mark]).stdout()

    async def open(self) -> None:
        await self._base.with_exec(["touch", "/gate/open"]).sync()


async def test_one_who_gives_up_takes_no_result_from_the_other(there: World) -> None:
    gate = Gate(there)
    one, two = (asyncio.create_task(gate.wait()) for _ in range(2))
    assert await until(lambda: runs(gate.mark))
    one.cancel()
    await gate.open()
    assert await two == "done\n"


async def test_a_cancelled_command_can_be_run_again(there: World) -> None:
    gate = Gate(there)
    task = asyncio.create_task(gate.wait())
    assert await until(lambda: runs(gate.mark))
    task.cancel()
    again = asyncio.create_task(gate.wait())
    await gate.open()
    if there.outer:
        # NB: a Dagger engine (0.21.8) may fail who asks at once with "context canceled": the first one's end
        await asyncio.gather(again, return_exceptions=True)
        again = gate.wait()
    assert await again == "done\n"


async def test_a_failing_command_is_run_again_when_asked_again(there: World) -> None:
    cache = there.client.cache_volume(secrets.token_hex(8))
    failing = there.base.with_mounted_cache("/c", cache).with_exec(
        ["sh", "-c", "echo x >> /c/n; [ $(wc -l < /c/n) = 2 ] && cat /c/n"]
    )
    results = [await asyncio.gather(failing.stdout(), return_exceptions=True) for _ in range(2)]
    assert isinstance(results[0][0], Exception)
    assert results[1] == ["x\nx\n"]


# Ends once the command runs that it is bound to, but only the first time.
ONCE = """
import os, socket, time
accepts = socket.create_server(("", 8080))
if os.path.exists("/c/runs"):
    time.sleep(600)
while not os.path.exists("/c/runs"):
    time.sleep(0.05)
exit("boom")
"""


async def test_a_command_ends_with_the_service_that_it_is_bound_to(there: World) -> None:
    mark = f"mark-{secrets.token_hex(8)}"
    cache = there.client.cache_volume(mark)
    cached = there.base.with_mounted_cache("/c", cache)
    service = cached.with_exposed_port(8080).as_service(args=["python3", "-c", ONCE])
    bound = cached.with_service_binding("web", service)
    error = await failure(bound.with_exec(["sh", "-c", "touch /c/runs; sleep 300", mark]).stdout())
    assert "(aliased as web) exited: exit code: 1" in str(error)
    if not there.outer:  # NB: a Dagger engine (0.21.8) says no more than that
        assert isinstance(error, dagger.ExecError)
        assert (error.exit_code, error.stderr) == (1, "boom")
    assert await until(lambda: not runs(mark))
    assert await bound.with_exec(["echo", "started again"]).stdout() == "started again\n"
