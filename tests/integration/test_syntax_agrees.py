"""What the reader calls a problem is what BuildKit refuses: asked of a real one."""

import asyncio
import io
import json
import tarfile

import aiodocker
import pytest
from refused_dockerfiles import REFUSED, TAKEN

pytestmark = pytest.mark.integration

BUILDKIT = {"version": "2", "q": "1"}


def context(line: str) -> bytes:
    """A build context of a Dockerfile alone."""
    text = f"FROM scratch\nLABEL a=1\n{line}\n".encode()
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return written.getvalue()


async def is_taken(docker: aiodocker.Docker, line: str) -> bool:
    """NB: asked without a client: each would take longer to start than BuildKit to answer."""
    headers = {"Content-Type": "application/x-tar"}
    async with docker._query("build", "POST", params=BUILDKIT, data=context(line), headers=headers) as answer:
        messages = [json.loads(each) async for each in answer.content]
    errors = [message["error"] for message in messages if "error" in message]
    # NB: an image without any layer, and a last stage of nothing, are mistakes of another kind.
    return all("No image was generated" in each for each in errors)


async def test_refused_and_taken(docker_host: str) -> None:
    lines = {**REFUSED, **TAKEN}
    async with aiodocker.Docker(docker_host) as docker:
        taken = await asyncio.gather(*(is_taken(docker, line) for line in lines.values()))
    assert {name for name, is_fine in zip(lines, taken, strict=True) if is_fine} == {*TAKEN}
