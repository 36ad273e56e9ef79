"""A fleet for two platforms, of which one can run here: from a root that is an index to a pruned registry.

The foreign platform's root has a file and a shell that nothing here can run, so its images are made by COPY.
"""

import asyncio
import io
import os
import re
import secrets
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from calls import Called, pipeline_call
from real_registry import RealRegistry
from root_index import FOREIGN, push_root_index

from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import INDEX_TYPES, Manifest

pytestmark = pytest.mark.integration

TAG, COMMIT = "20261126-1234567", "1234567" + "0" * 33
FLEET = """
[fleet]
name = "two"
registry = "{registry}"
organisation = "{organisation}"
platforms = ["linux/amd64", "{foreign}"]
[root]
name = "root-two"
tag = "1"
[families.family-two]
dockerfile = "family/Dockerfile"
context = "family"
programs = ["curl"]
[images.app]
family = "family-two"
dockerfile = "app/Dockerfile"
context = "app"
[[images.app.services]]
name = "App"
alive_for = "100ms"
[images.native]
family = "family-two"
dockerfile = "native/Dockerfile"
context = "native"
platforms = ["linux/amd64"]
[[images.native.services]]
name = "Native"
alive_for = "100ms"
"""
HEAD = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"
APP = """\
ARG BASE_IMAGE
FROM --platform=$BUILDPLATFORM ${BASE_IMAGE} AS made
ARG BUILDARCH
ARG TARGETARCH
RUN echo made on $BUILDARCH > /made
FROM ${BASE_IMAGE}
ARG TARGETARCH
COPY --from=made /made /made
COPY $TARGETARCH /mine
USER 10001
CMD ["sleep", "60"]
"""
FILES = {
    "family/Dockerfile": f"{HEAD}COPY note /note\n",
    "family/note": "both",
    "app/Dockerfile": APP,
    "app/amd64": "for amd64",
    "app/arm64": "for arm64",
    "native/Dockerfile": f'{HEAD}RUN echo ran > /ran\nUSER 10001\nCMD ["sleep", "60"]\n',
}


@dataclass(frozen=True, kw_only=True)
class Story:
    """A fleet's directory, and where its images go."""

    root: Path
    registry: str
    organisation: str
    docker_host: str

    def call(self, *words: str) -> Called:
        environment = {**os.environ, "DOCKER_HOST": self.docker_host}
        return pipeline_call("--source", str(self.root), *words, environment=environment)

    def good(self, *words: str) -> str:
        called = self.call(*words)
        assert called.exit_code == 0, called.stderr
        return called.stdout

    def red(self, *words: str) -> str:
        called = self.call(*words)
        assert called.exit_code != 0, called.stdout
        return called.stderr

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(exist_ok=True)
        (self.root / path).write_text(text)

    def there(self, name: str) -> dict[str, str]:
        return RealRegistry(host=self.registry).tags(f"{self.organisation}/{name}")

    def manifest(self, name: str, reference: str) -> Manifest | None:
        async def read() -> Manifest | None:
            async with Registry(self.registry) as registry:
                return await registry.manifest(f"{self.organisation}/{name}", reference)

        return asyncio.run(read())

    def delete(self, name: str, digest: str) -> None:
        async def delete() -> None:
            async with Registry(self.registry) as registry:
                assert await registry.delete(f"{self.organisation}/{name}", digest)

        asyncio.run(delete())


@pytest.fixture
def story(tmp_path: Path, docker_host: str, registry: str, base: str) -> Story:
    """The fleet of FILES on a root for two platforms."""
    organisation = f"two-{secrets.token_hex(4)}"
    asyncio.run(push_root_index(docker_host, base, f"{registry}/{organisation}/root-two"))
    told = Story(root=tmp_path, registry=registry, organisation=organisation, docker_host=docker_host)
    told.write("fleet.toml", FLEET.format(registry=registry, organisation=organisation, foreign=FOREIGN))
    for path, text in FILES.items():
        told.write(path, text)
    return told


def test_a_fleet_for_two_platforms_is_built_released_verified_and_pruned(story: Story):
    app = "ai_system/app"
    summary = story.good("build-all", "--candidates")
    assert f"{FOREIGN} was not smoke-tested in 2 of 3 families and images (not native: tested on" in summary
    [older] = [tag for tag in story.there(app) if re.fullmatch("key-[0-9a-f]{64}", tag)]
    lost = story.manifest(app, older)

    # What is released has another image for the foreign platform only.
    story.write("app/arm64", "for arm64, better")
    summary = story.good("release", "--tag", TAG, "--commit", COMMIT, "--settle", "0.05")
    assert "1 built, 2 reused" in summary
    index = story.manifest(app, TAG)
    assert index is not None and lost is not None
    assert (index.media_type in INDEX_TYPES, [*index.platforms]) == (True, ["linux/amd64", FOREIGN])
    assert index.platforms["linux/amd64"] == lost.platforms["linux/amd64"]
    mine = {"linux/amd64": "for amd64", FOREIGN: "for arm64, better"}
    assert copied(story, app, index, -1, "mine") == mine
    assert {*copied(story, app, index, -2, "made").values()} == {"made on amd64\n"}
    assert not getattr(story.manifest("ai_system/native", TAG), "is_index", True)
    stable = story.red("promote", "--tag", TAG, "--channel", "stable")
    assert "or it was skipped, for family-two/family-two, app/App (" in stable  # not native/Native

    story.good("prune")
    assert story.manifest(app, older) is None and story.manifest(app, lost.platforms[FOREIGN]) is None
    assert "verified: 3 digests" in story.good("verify", "--tag", TAG)

    # An index is only whole with all that it lists.
    story.delete(app, index.platforms[FOREIGN])
    broken = story.red("verify", "--tag", TAG)
    assert f"{index.platforms[FOREIGN]}, which its index {index.digest[:19]} lists, is not in the" in broken


def test_what_cannot_be_had_for_a_platform_says_what_helps(story: Story):
    dockerfile = FILES["family/Dockerfile"]
    story.write("family/Dockerfile", f"{dockerfile}RUN true\n")
    red = story.red("build-all", "--candidates")
    assert f"FAILED family-two: build for {FOREIGN} failed" in red
    assert f"a command for {FOREIGN} cannot run: this engine is linux/amd64, without emulation" in red
    assert "at: family/Dockerfile:4" in red and "tonistiigi/binfmt --install arm64" in red
    assert "app" in red and "its base family-two failed" in red

    text = (story.root / "fleet.toml").read_text()
    story.write("fleet.toml", text.replace(FOREIGN, "linux/riscv64"))
    red = story.red("plan")
    assert f"root-two is there for linux/amd64, {FOREIGN}, not for linux/riscv64" in red
    assert "family-two cannot be built for it" in red

    # What is only for another platform is built, and skipped where it cannot run: neither passed nor failed.
    story.write(
        "fleet.toml", text.replace(f'"linux/amd64", "{FOREIGN}"', f'"{FOREIGN}"').partition("[images.app]")[0]
    )
    story.write("family/Dockerfile", dockerfile)
    summary = story.good("build-all", "--candidates")
    assert re.search(r"family-two .* 0/1 .* skipped$", summary, re.M)
    assert f"not native: this engine is linux/amd64, and does not emulate {FOREIGN}" in summary


def copied(story: Story, name: str, index: Manifest, layer: int, path: str) -> dict[str, str]:
    """What a layer of the image of each platform has at a path."""

    async def read(digest: str) -> bytes | None:
        async with Registry(story.registry) as registry:
            manifest = await registry.manifest(f"{story.organisation}/{name}", digest)
            assert manifest is not None
            return await registry.read_blob(f"{story.organisation}/{name}", manifest.layers[layer].digest)

    found: dict[str, str] = {}
    for platform, digest in index.platforms.items():
        with tarfile.open(fileobj=io.BytesIO(asyncio.run(read(digest)) or b"")) as tar:
            file = tar.extractfile(path)
            found[platform] = file.read().decode() if file else ""
    return found
