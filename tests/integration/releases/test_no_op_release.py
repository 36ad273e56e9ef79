"""A release that has nothing to do on a machine with an empty Docker: it reads, and that is all."""

import os
from pathlib import Path

import anyio
import pytest
from calls import Called, pipeline_call
from candidates import COMMIT, TAG, put_candidates, write_fleet
from proxy import Proxy

from pipeline.registry.oci.client import Registry

pytestmark = pytest.mark.integration

IMAGES = 8


async def called(root: Path, host: str, docker_host: str, *words: str) -> Called:
    flags = ("--source", str(root), "--registry", host)
    environment = {**os.environ, "DOCKER_HOST": docker_host}
    return await anyio.to_thread.run_sync(
        lambda: pipeline_call(*flags, *words, "--settle", "0.05", environment=environment)
    )


RELEASE = ("release", "--tag", TAG, "--commit", COMMIT)


def evidence_read(proxy: Proxy) -> int:
    """How often evidence was asked for."""
    return sum("/manifests/evidence-" in asked.target for asked in proxy.asked)


async def test_it_uploads_builds_and_starts_nothing(proxy: Proxy, docker_host: str, tmp_path: Path) -> None:
    root = write_fleet(tmp_path / "fleet", proxy.host, IMAGES)
    async with Registry(proxy.host) as registry:
        await put_candidates(root, registry)
    proxy.asked.clear()
    first = await called(root, proxy.host, docker_host, *RELEASE)
    assert first.exit_code == 0, first.stderr
    assert "1 family" not in first.stdout
    assert f"{IMAGES} images: {IMAGES} reused" in first.stdout
    uploads = {asked.repository.rpartition("/")[2] for asked in proxy.asked if asked.sends_blob}
    assert uploads == {"release"}  # the record itself

    # Docker has none of these images: to build or start anything, it would have to ask for them itself.
    assert {asked.headers["user-agent"] for asked in proxy.asked} == {"pipeline"}

    proxy.asked.clear()
    again = await called(root, proxy.host, docker_host, *RELEASE)
    assert again.exit_code == 0, again.stderr
    assert {asked.headers["user-agent"] for asked in proxy.asked} == {"pipeline"}
    assert {asked.method for asked in proxy.asked} <= {"GET", "HEAD"}
    read = {asked.repository.rpartition("/")[2] for asked in proxy.asked if "/blobs/" in asked.target}
    assert len(read) == 1  # the base's configuration: has it ONBUILD instructions?

    # Where it is deployed, it is what it is compared with: nothing differs, so nothing more is read.
    read = evidence_read(proxy)
    assert read > 0
    assert (await called(root, proxy.host, docker_host, "promote", "--tag", TAG)).exit_code == 0
    proxy.asked.clear()
    compared = await called(root, proxy.host, docker_host, *RELEASE)
    assert compared.exit_code == 0, compared.stderr
    assert f"against release {TAG} (canary): 0 changed, {IMAGES} as before" in compared.stdout
    assert evidence_read(proxy) == read
