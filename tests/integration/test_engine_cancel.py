"""Commands end when nobody waits for them any more, and only then."""

import asyncio
import secrets
import time
from collections.abc import Callable
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


async def until(true: Callable[[], bool], *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


async def test_a_command_ends_with_the_last_who_waits_for_it(there: World) -> None:
    mark = f"mark-{secrets.token_hex(8)}"
    line = ["sh", "-c", "sleep 120", mark]
    one, two = (asyncio.create_task(there.base.with_exec(line).stdout()) for _ in range(2))
    assert await until(lambda: runs(mark), seconds=60)
    one.cancel()
    await asyncio.sleep(1)
    assert runs(mark), "the other one still waits"
    two.cancel()
    assert await until(lambda: not runs(mark), seconds=10)
    await asyncio.gather(one, two, return_exceptions=True)


async def test_one_who_gives_up_takes_no_result_from_the_other(there: World) -> None:
    line = ["sh", "-c", "sleep 2; echo done", secrets.token_hex(8)]
    one, two = (asyncio.create_task(there.base.with_exec(line).stdout()) for _ in range(2))
    assert await until(lambda: runs(line[-1]), seconds=60)
    one.cancel()
    assert await two == "done\n"


async def test_a_cancelled_command_can_be_run_again(there: World) -> None:
    mark = secrets.token_hex(8)
    line = ["sh", "-c", "sleep 1; echo again", mark]
    task = asyncio.create_task(there.base.with_exec(line).stdout())
    assert await until(lambda: runs(mark), seconds=60)
    task.cancel()
    again = there.base.with_exec(line).stdout
    if there.outer:
        # NB: a Dagger engine (0.21.8) may fail who asks at once with "context canceled": the first one's end
        await asyncio.gather(again(), return_exceptions=True)
    assert await again() == "again\n"


async def test_a_failing_command_is_run_again_when_asked_again(there: World) -> None:
    cache = there.client.cache_volume(secrets.token_hex(8))
    failing = there.base.with_mounted_cache("/c", cache).with_exec(
        ["sh", "-c", "echo x >> /c/n; [ $(wc -l < /c/n) = 2 ] && cat /c/n"]
    )
    results = [await asyncio.gather(failing.stdout(), return_exceptions=True) for _ in range(2)]
    assert isinstance(results[0][0], Exception)
    assert results[1] == ["x\nx\n"]


# Ends after a second, but only the first time.
ONCE = """
import os, socket, time
accepts = socket.create_server(("", 8080))
if os.path.exists("/c/again"):
    time.sleep(600)
open("/c/again", "w").close()
time.sleep(1)
exit("boom")
"""


async def test_a_command_ends_with_the_service_that_it_is_bound_to(there: World) -> None:
    mark = f"mark-{secrets.token_hex(8)}"
    cache = there.client.cache_volume(mark)
    container = there.base.with_mounted_cache("/c", cache).with_exposed_port(8080)
    bound = there.base.with_service_binding("web", container.as_service(args=["python3", "-c", ONCE]))
    error = await failure(bound.with_exec(["sh", "-c", "sleep 120", mark]).stdout())
    assert "(aliased as web) exited: exit code: 1" in str(error)
    if not there.outer:  # NB: a Dagger engine (0.21.8) says no more than that
        assert isinstance(error, dagger.ExecError)
        assert (error.exit_code, error.stderr) == (1, "boom")
    assert await until(lambda: not runs(mark), seconds=10)
    assert await bound.with_exec(["echo", "started again"]).stdout() == "started again\n"
