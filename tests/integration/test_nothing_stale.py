"""Whatever was edited, and however, the next session's image has what lies on disk."""

import asyncio
import random
import uuid
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from folder_edits import EDITS, grow, on_disk, remove, tick

from pipeline.local.engine import seen, walk
from pipeline.local.engine.server import serving

pytestmark = pytest.mark.integration

UNNOTICED = [edit for edit in EDITS if edit not in (grow, remove)]  # by size and by name


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
    files = f'dockerBuild {{ directory(path: "/files") {{ export(path: "{out}") }} }}'
    query = f'{{ host {{ directory(path: "{context}") {{ {files} }} }} }}'
    async with (
        serving(docker_host=docker_host, seen=home) as session,
        httpx.AsyncClient(auth=(session.token, ""), timeout=120, verify=False) as client,
    ):
        answer = await client.post(f"http://127.0.0.1:{session.port}/query", json={"query": query})
        assert "errors" not in answer.json(), answer.text
    return on_disk(out)


def test_what_arrives_in_the_image_is_what_lies_on_disk(docker_host: str, tmp_path: Path) -> None:
    """NB: one edit for each session: another one beside it would have the whole context sent again."""
    dice = random.Random(1)
    edits = dice.sample(UNNOTICED, len(UNNOTICED))
    context, home = tmp_path / "context", tmp_path / "home"
    folder = context / "files"
    folder.mkdir(parents=True)
    for name in "abc":
        (folder / name).write_text(f"{name} {uuid.uuid4()}")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY files /files\n")
    states: list[dict[str, object]] = []
    for number in range(len(edits) + 1):
        tick()
        if number:
            files = sorted(each for each in folder.iterdir() if not each.is_symlink())
            edits[number - 1](dice.choice(files))
        tick()
        states.append(on_disk(folder))
        out = tmp_path / f"out{number}"
        assert asyncio.run(arrived(docker_host, context, home, out)) == states[-1]
    assert [*home.iterdir()], "no session knew what the one before had read"
    assert all(one != other for one, other in pairwise(states))
