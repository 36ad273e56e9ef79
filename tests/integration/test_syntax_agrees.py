"""What the reader calls a problem is what BuildKit refuses: asked of a real one."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from refused_dockerfiles import REFUSED, TAKEN
from test_context_agrees import client_that_builds

pytestmark = pytest.mark.integration


def is_taken(client: list[str], line: str) -> bool:
    built = subprocess.run(
        [*client, "build", "-q", "-"],
        input=f"FROM scratch\nLABEL a=1\n{line}\n".encode(),
        env=os.environ | {"DOCKER_BUILDKIT": "1"},
        capture_output=True,
        check=False,
    )
    # NB: an image without any layer, and a last stage of nothing, are mistakes of another kind.
    return built.returncode == 0 or b"No image was generated" in built.stderr


def test_refused_and_taken(docker_host: str):
    client = client_that_builds(docker_host)
    lines = {**REFUSED, **TAKEN}
    with ThreadPoolExecutor(4) as pool:
        taken = dict(zip(lines, pool.map(lambda line: is_taken(client, line), lines.values()), strict=True))
    assert {name for name, is_fine in taken.items() if is_fine} == {*TAKEN}
