"""`pipeline call compose --tag`: pinned to the digests that a real registry has on record, or refused."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import Called, pipeline_call
from real_registry import RealRegistry, running
from ruamel.yaml import YAML
from tiny_images import hex_of

from pipeline.registry.documents.artifacts import put_document
from pipeline.registry.documents.record import RECORD_TYPE, Facts, Record, Released, write_record
from pipeline.registry.oci.client import Registry

pytestmark = pytest.mark.integration

TAG = "20250810-9c99cc9"
COMMIT = "9c99cc9" + "0" * 33
_FLEET = """
[fleet]
name = "small"
organisation = "org"
[families.base]
tag = "1"
[images.ear]
family = "base"
dockerfile = "Dockerfile"
[images.brain]
family = "base"
dockerfile = "Dockerfile"
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with running(tmp_path_factory.mktemp("registry"), basic=True) as registry:
        yield registry


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    folder = tmp_path / "fleet"
    folder.mkdir()
    (folder / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    (folder / "fleet.toml").write_text(_FLEET)
    return folder


async def _record(real: RealRegistry, *images: str, tag: str = TAG) -> None:
    """A record as a release leaves it."""
    units = tuple(
        Released(
            kind="image",
            name=name,
            repository=f"{real.host}/org/ai_system/{name}",
            digest=f"sha256:{hex_of(name)}",
            build_key=hex_of(f"key {name}"),
        )
        for name in images
    )
    record = Record(tag=tag, facts=Facts(fleet="small", commit=COMMIT, commit_date=""), units=units)
    async with Registry(real.host, real.username, real.token) as registry:
        await put_document(
            registry,
            "org/ai_system/release",
            tag,
            write_record(record),
            artifact_type=RECORD_TYPE,
            media_type=RECORD_TYPE,
        )


def _call(real: RealRegistry, docker_host: str, fleet: Path, *words: str, **environment: str) -> Called:
    return pipeline_call(
        *("-q", "--source", str(fleet), "--registry", real.host, *words),
        environment={**os.environ, "DOCKER_HOST": docker_host, **environment},
    )


def _compose(real: RealRegistry, docker_host: str, fleet: Path, tag: str) -> Called:
    access = ["--username", real.username, "--token", "env:REGISTRY_TOKEN"]
    words = [*access, "compose", "--tag", tag]
    return _call(real, docker_host, fleet, *words, REGISTRY_TOKEN=real.token)


async def test_a_release_is_pinned_to_its_digests(real: RealRegistry, docker_host: str, fleet: Path) -> None:
    await _record(real, "ear", "brain")
    ended = _compose(real, docker_host, fleet, TAG)
    assert ended.exit_code == 0, ended.stderr
    services = YAML(typ="safe", pure=True).load(ended.stdout)["services"]
    assert {name: entry["image"] for name, entry in services.items()} == {
        name: f"{real.host}/org/ai_system/{name}@sha256:{hex_of(name)}" for name in ("ear", "brain")
    }
    assert f"# Pinned to release {TAG}, commit {COMMIT}." in ended.stdout
    assert "FORCE_IMAGE_TAG" not in ended.stdout


async def test_what_is_on_record_must_be_what_the_catalog_has(
    real: RealRegistry, docker_host: str, fleet: Path
) -> None:
    await _record(real, "ear", "mouth", tag="20250811-0000000")
    ended = _compose(real, docker_host, fleet, "20250811-0000000")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "the release has no brain and the catalog has no mouth" in ended.stderr
    assert COMMIT in ended.stderr


def test_without_a_record_nothing_is_pinned(real: RealRegistry, docker_host: str, fleet: Path) -> None:
    ended = _compose(real, docker_host, fleet, "20250812-0000000")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "there is no record of this release" in ended.stderr
    assert "--by-tag" in ended.stderr


async def test_settings_of_the_host_are_used(real: RealRegistry, docker_host: str, fleet: Path) -> None:
    await _record(real, "ear", "brain", tag="20250814-0000000")
    settings = {"PIPELINE_USERNAME": real.username, "PIPELINE_TOKEN": real.token}
    ended = _call(real, docker_host, fleet, "compose", "--tag", "20250814-0000000", **settings)
    assert ended.exit_code == 0, ended.stderr
    assert "@sha256:" in ended.stdout


@pytest.mark.parametrize("known", [True, False], ids=["logged in", "a stranger"])
async def test_docker_s_own_login_is_used(
    real: RealRegistry, docker_host: str, fleet: Path, tmp_path: Path, *, known: bool
) -> None:
    await _record(real, "ear", "brain", tag="20250813-0000000")
    pair = base64.b64encode(f"{real.username}:{real.token}".encode()).decode()
    config = {"auths": {real.host if known else "localhost:1": {"auth": pair}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    words = ["compose", "--tag", "20250813-0000000"]
    ended = _call(real, docker_host, fleet, *words, DOCKER_CONFIG=str(tmp_path))
    assert (ended.exit_code, "@sha256:" in ended.stdout) == ((0, True) if known else (1, False)), ended.stderr
    assert ("401" in ended.stderr) is not known
    assert real.token not in ended.stdout + ended.stderr
