"""A registry goes away in the middle of a transfer: once, and the run ends well; for good, and it says so.

On a dockerd of these tests' own, between which and a real registry there is a proxy.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from calls import Called, pipeline_call
from proxy import Asked, Behaviour, Fate, Once, Proxy, before, errors
from real_registry import RealRegistry, running
from small_image import push_base, write_fleet
from tiny_docker import Daemon, empty_daemon

from pipeline.local.docker.images import CACHE

pytestmark = pytest.mark.integration

LARGE = 1 << 20  # bytes: no manifest and no configuration has so many
IMAGE = "cut/ai_system/small"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A fleet, what stands between it and its registry, and the Docker Engine that builds it."""

    fleet: Path
    daemon: Daemon
    real: RealRegistry
    proxy: Proxy

    async def run(self, behaviour: Behaviour = lambda _asked: Fate()) -> Called:
        self.proxy.behaviour = behaviour
        environment = os.environ | {"DOCKER_HOST": self.daemon.host}
        words = ("--source", str(self.fleet), "build-all", "--candidates")
        return await asyncio.to_thread(pipeline_call, *words, environment=environment)

    def left(self) -> tuple[str, list[str], dict[str, str]]:
        """Containers, images that are neither the cache's nor the base, and what the registry has."""
        names = self.daemon.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
        known = (CACHE, f"{self.proxy.host}/cut/base:<none>")
        images = [name for name in names if not name.startswith(known)]
        return self.daemon.docker("ps", "-aq"), images, self.real.tags(IMAGE)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """NB: of a pull that fails it tries as much again as it is told to; of a push four times, within 50 s."""
    with empty_daemon(tmp_path_factory.mktemp("docker"), "--max-download-attempts=1") as found:
        yield found


@pytest.fixture(scope="module")
def real(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with running(tmp_path_factory.mktemp("registry"), basic=False) as registry:
        push_base(daemon.docker, f"{registry.host}/cut/base:1", tmp_path_factory.mktemp("base"))
        yield registry


@pytest.fixture
async def place(daemon: Daemon, real: RealRegistry, tmp_path: Path) -> AsyncIterator[Place]:
    async with before(real.host) as proxy:
        write_fleet(tmp_path / "fleet", host=proxy.host, organisation="cut")
        yield Place(fleet=tmp_path / "fleet", daemon=daemon, real=real, proxy=proxy)


def fetches(asked: Asked) -> bool:
    return asked.method == "GET" and "/blobs/" in asked.target


def names(asked: Asked) -> bool:
    return asked.method == "PUT" and asked.manifest is not None and asked.repository == IMAGE


async def test_a_pull_that_never_ends_is_told_and_transfers_that_are_cut_once_are_finished(
    place: Place,
) -> None:
    told = (await place.run(lambda asked: Fate(cut=LARGE if fetches(asked) else None))).stderr
    assert "FAILED small: build failed" in told
    assert f"  Dockerfile:2: {place.proxy.host}/cut/base@sha256:" in told
    assert "  hint: the connection broke off in the middle: run the same again" in told
    assert place.left() == ("", [], {})

    pulled = Once(Fate(cut=LARGE), fetches)
    pushed = Once(Fate(body_until=1000), lambda asked: asked.method == "PATCH")
    finished = await place.run(lambda asked: pushed(asked) if asked.method == "PATCH" else pulled(asked))
    assert "1 image: 1 built; 1 smoke test: 1 passed;" in finished.stdout, finished.stderr
    assert max(pulled.met.values()) > 1
    assert max(pushed.met.values()) > 1
    containers, images, tags = place.left()
    assert (containers, images) == ("", [])
    assert {name.partition("-")[0] for name in tags} == {"key", "evidence", "last"}


async def test_a_manifest_that_is_cut_is_sent_again_and_the_blobs_are_not(place: Place) -> None:
    (place.fleet / "nonce").write_text("second")
    there = place.left()
    told = (await place.run(lambda asked: Fate(body_until=20 if names(asked) else None))).stderr
    assert "FAILED small: candidate failed" in told
    name = f"{place.proxy.host}/{IMAGE}:key-"
    assert re.search(rf"  {name}\w+: cannot push: (?!{name}).* \(3 attempts in ", told)
    assert "  hint: check that the registry answers from this machine, then run the same" in told
    assert place.left() == there
    assert sum(map(names, place.proxy.asked)) == 3

    before = len(place.proxy.asked)
    cut = Once(Fate(body_until=20), names)
    finished = await place.run(cut)
    assert "1 image: 1 built; 1 smoke test: 1 passed;" in finished.stdout, finished.stderr
    assert re.search(rf"note: {place.proxy.host}/{IMAGE}:key-\w+: push: .*; attempt 2 in ", finished.stdout)
    assert max(cut.met.values()) == 2
    sent = [asked for asked in place.proxy.asked[before:] if asked.method == "PATCH"]
    assert not sent, "blobs that had arrived were sent again"


@pytest.mark.parametrize("status", [503, 429])
async def test_a_manifest_that_the_registry_has_no_time_for_is_sent_again(place: Place, status: int) -> None:
    (place.fleet / "nonce").write_text(f"none for {status}")
    busy = Once(Fate(instead=errors(status, "TOOMANYREQUESTS" if status == 429 else "UNAVAILABLE")), names)
    finished = await place.run(busy)
    assert "1 image: 1 built; 1 smoke test: 1 passed;" in finished.stdout, finished.stderr
    assert max(busy.met.values()) == 2


async def test_a_manifest_that_the_registry_refuses_is_sent_once(place: Place) -> None:
    (place.fleet / "nonce").write_text("refused")
    refused = await place.run(lambda asked: Fate(instead=errors(403, "DENIED") if names(asked) else None))
    assert "FAILED small: candidate failed" in refused.stderr
    assert sum(map(names, place.proxy.asked)) == 1
