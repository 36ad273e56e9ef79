"""Whatever was edited, and however, the next session's image has what lies on disk."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import dagger
import pytest
from dagger.client._session import ConnectParams, SingleConnection
from folder_edits import EDITS, on_disk
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from pipeline.local.engine import seen, walk
from pipeline.local.engine.server import serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:The recursion limit"),  # a session raises it
]

TICK = 0.012  # seconds: no clock of a file system here is coarser
ONE_EXAMPLE = settings(
    max_examples=1,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
Edits = list[Callable[[Path], None]]


@pytest.fixture(autouse=True)
def believed_at_once(tmp_path: Path) -> Iterator[None]:
    """What was read is known to the next session, however young, and on whatever file system this is."""
    with (
        patch.object(seen, "SETTLED", 0.0),
        patch.object(walk, "trusted_devices", lambda: {tmp_path.stat().st_dev}),
    ):
        yield


async def arrived(docker_host: str, context: Path, home: Path, out: Path) -> dict[str, object]:
    """What an image has that a session of its own builds of a folder."""
    async with (
        serving(docker_host=docker_host, seen=home) as session,
        SingleConnection(ConnectParams(port=session.port, session_token=session.token)) as connection,
    ):
        client = dagger.Client.from_connection(connection)
        built = client.host().directory(str(context)).docker_build()
        await built.directory("/files").export(str(out))
    return on_disk(out)


@ONE_EXAMPLE
@given(rounds=some.tuples(some.permutations(EDITS), some.permutations(EDITS)), nth=some.integers(0, 2))
def test_what_arrives_in_the_image_is_what_lies_on_disk(
    docker_host: str, tmp_path: Path, rounds: tuple[Edits, Edits], nth: int
) -> None:
    """Each edit has a folder to itself, another one in each round, so that none hides another."""
    context, home = tmp_path / "context", tmp_path / "home"
    folders = [context / "files" / str(number) for number in range(len(EDITS))]
    for folder in folders:
        folder.mkdir(parents=True)
        for name in "abc":
            (folder / name).write_text(f"{name} {uuid.uuid4()}")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY files /files\n")
    states: list[dict[str, object]] = []
    for number, edits in enumerate(([], *rounds)):
        time.sleep(TICK)
        for edit, folder in zip(edits, folders, strict=False):
            files = sorted(each for each in folder.iterdir() if not each.is_symlink())
            edit(files[nth])
        time.sleep(TICK)
        states.append(on_disk(context / "files"))
        found = asyncio.run(arrived(docker_host, context, home, tmp_path / f"out{number}"))
        assert found == states[-1]
    assert [*home.iterdir()], "no session knew what the one before had read"
    assert all(one != other for one, other in pairwise(states))
