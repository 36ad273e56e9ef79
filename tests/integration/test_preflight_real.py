"""Preflight by `pipeline call`, against real registries: what it says, and that it leaves nothing behind."""

import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from broken_fleet import KINDS, write_fleet
from calls import Called, pipeline_call
from proxy import FAIR, Asked, Fate, Proxy, before, errors
from real_registry import RealRegistry, running
from tiny_docker import DockerCommand
from tiny_images import push_image

from pipeline.registry.oci.client import Registry

pytestmark = pytest.mark.integration


@dataclass(frozen=True, kw_only=True)
class Place:
    """A fleet of a family and an image, a registry behind a password, and where its files are."""

    folder: Path
    base: str
    registry: RealRegistry
    environment: dict[str, str]

    def call(self, *words: str, host: str = "", known: bool = True, given: str = "") -> Called:
        """`pipeline call` on the fleet, as somebody or as nobody; ``given``: tag of the family."""
        fleet = self.folder / "fleet"
        host = host or self.registry.host
        write_fleet(fleet, registry=host, organisation="org", base=self.base, kinds={"sound": KINDS["sound"]})
        if given:
            catalog, built = (
                fleet / "fleet.toml",
                'dockerfile = "sound-family/Dockerfile"\ncontext = "sound-family"\n',
            )
            assert catalog.read_text().count(built) == 1
            catalog.write_text(catalog.read_text().replace(built, f'tag = "{given}"\n'))
        login = ["--username", self.registry.username, "--token", "env:PREFLIGHT_TOKEN"] if known else []
        return pipeline_call("--source", str(fleet), *login, *words, environment=self.environment)

    def seen(self, *, host: str = "", known: bool = True) -> dict[str, Any]:
        """What preflight sees, as JSON."""
        called = self.call("preflight", "--format", "json", host=host, known=known)
        assert called.exit_code == 0, called.stderr
        return json.loads(called.stdout)

    def files(self) -> set[str]:
        """Every file that the registry keeps. NB: of a cancelled upload this one keeps a hash's state."""
        files = (path for path in (self.folder / "storage").rglob("*") if path.is_file())
        return {str(path) for path in files if "_uploads" not in path.parts or "hashstates" not in path.parts}


@pytest.fixture
def place(tmp_path: Path, base: str, docker_host: str) -> Iterator[Place]:
    with running(tmp_path, basic=True) as registry:
        # NB: without a Docker configuration of its own the command would use this machine's logins.
        environment = {
            "DOCKER_HOST": docker_host,
            "PREFLIGHT_TOKEN": registry.token,
            "DOCKER_CONFIG": str(tmp_path),
        }
        yield Place(folder=tmp_path, base=base, registry=registry, environment={**os.environ, **environment})


def states(seen: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {each["name"]: (each["state"], each["push"], each["public"]) for each in seen["packages"]}


def rules(seen: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["rule"], each["severity"]) for each in seen["findings"]]


async def test_what_is_there_what_may_be_pushed_and_nothing_left_behind(place: Place) -> None:
    async with Registry(place.registry.host, place.registry.username, place.registry.token) as registry:
        await push_image(registry, "org/suite/sound", "20250810-9c99cc9", content="layer")
    before_it, began = place.files(), place.registry.everything("org")
    docker_root = DockerCommand(place.environment["DOCKER_HOST"])("info", "-f", "{{.DockerRootDir}}")
    free = [shutil.disk_usage(docker_root).free]
    seen = await anyio.to_thread.run_sync(place.seen)
    free.append(shutil.disk_usage(docker_root).free)
    assert states(seen) == {
        "no-such-root": ("absent", "", ""),
        "sound-family": ("absent", "yes", ""),
        "sound": ("present", "yes", "no"),
        "release": ("absent", "yes", ""),
    }
    assert rules(seen) == []
    assert abs(seen["clock_skew"]) < 5
    assert 0.9 * min(free) <= seen["disk"]["free"] <= 1.1 * max(free)  # others use it meanwhile
    assert seen["disk"]["unknown"] == ["no-such-root", "sound-family"]
    assert (place.files(), place.registry.everything("org")) == (before_it, began)


def _without_root(asked: Asked) -> Fate:
    """NB: unknown bases cannot be planned with; this one is absent, so its source is taken."""
    return Fate(instead=errors(404, "NAME_UNKNOWN")) if "no-such-root" in asked.target else FAIR


@pytest.fixture
async def ghcr(tmp_path: Path) -> AsyncIterator[Proxy]:
    """As GHCR before an empty registry for everybody: what is not there is denied."""
    (tmp_path / "open").mkdir()
    with running(tmp_path / "open", basic=False) as registry:
        async with before(registry.host, _without_root) as proxy:
            proxy.private = True
            yield proxy
        assert registry.everything("org") == {}


async def test_a_registry_that_hides_what_is_absent(place: Place, ghcr: Proxy) -> None:
    seen = await anyio.to_thread.run_sync(partial(place.seen, host=ghcr.host, known=False))
    found = states(seen)
    assert found.pop("no-such-root") == ("absent", "", "")
    assert found == dict.fromkeys(("sound-family", "sound", "release"), ("unknown", "yes", ""))
    assert rules(seen) == [("package-state", "note")]
    assert _writes(ghcr) == ["POST", "DELETE"] * 3


async def test_who_may_not_push_is_told_before_anything_is_built(place: Place, ghcr: Proxy) -> None:
    denied = Fate(instead=errors(403, "DENIED"))
    ghcr.behaviour = lambda asked: denied if asked.uploads else _without_root(asked)
    call = partial(place.call, host=ghcr.host, known=False)
    told = await anyio.to_thread.run_sync(partial(call, "preflight"))
    assert told.exit_code == 1
    assert "error: these credentials may not push to sound-family, sound, release" in told.stderr
    assert "[push-right]" in told.stderr and "--username and --token" in told.stderr
    built = await anyio.to_thread.run_sync(partial(call, "build-all", "--candidates"))
    assert built.exit_code == 1
    assert "nothing was built: it could not be pushed" in built.stderr
    assert "build started" not in built.stderr
    assert {asked.method for asked in ghcr.asked} == {"GET", "HEAD", "POST"}


def _writes(proxy: Proxy) -> list[str]:
    """The requests that could leave something behind, each upload beside its cancellation."""
    writes = [asked for asked in proxy.asked if asked.method not in ("GET", "HEAD")]
    return [asked.method for asked in sorted(writes, key=lambda asked: asked.repository)]


def test_a_family_that_is_given_and_not_there(place: Place) -> None:
    told = place.call("preflight", given="20250810-9c99cc9")
    assert told.exit_code == 1
    missing = f"{place.registry.host}/org/sound-family:20250810-9c99cc9"
    assert f"{missing}: error: the registry has no such image [plan]" in told.stderr
    assert place.files() == set()


def test_a_registry_that_is_not_there_is_one_finding(place: Place) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        seen = place.seen(host=f"127.0.0.1:{free.getsockname()[1]}")
    assert rules(seen) == [("registry", "error")]
    assert seen["packages"] == []
