"""From a build to stable and back, by the functions that people call: signed, verified, pruned."""

import json
import os
import secrets
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from broken_fleet import KINDS, write_fleet
from calls import Called, pipeline_call
from real_registry import RealRegistry

pytestmark = pytest.mark.integration

FIRST, FIRST_COMMIT = "20250810-9c99cc9", "9c99cc9" + "0" * 33
SECOND, SECOND_COMMIT = "20250811-abcdef0", "abcdef0" + "0" * 33
AT_ONCE = ("--settle", "0.05")  # the registry is on this machine, and nobody else releases


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """A fleet of its own organisation, which signs."""

    root: Path
    organisation: str
    registry: RealRegistry
    key: Path
    environment: dict[str, str]

    def call(self, *words: str, signing: bool = True) -> Called:
        key = ("--signing-key", f"file://{self.key}") if signing else ()
        return pipeline_call("--source", str(self.root), *key, *words, environment=self.environment)

    def good(self, *words: str) -> str:
        called = self.call(*words)
        assert called.exit_code == 0, called.stderr
        return called.stdout

    def read(self, *words: str) -> Any:
        return json.loads(self.good(*words, "--format", "json"))

    def tags(self, repository: str) -> dict[str, str]:
        return self.registry.tags(f"{self.organisation}/{repository}")


def openssl(*words: str) -> str:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def fleet(tmp_path: Path, docker_host: str, registry: str, base: str) -> Iterator[Fleet]:
    organisation = f"channels-{secrets.token_hex(4)}"
    root = tmp_path / "fleet"
    root.mkdir()
    write_fleet(
        root, registry=registry, organisation=organisation, base=base, kinds={"alpha": KINDS["sound"]}
    )
    key = tmp_path / "signing.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(key))
    catalog = root / "fleet.toml"
    public = openssl("pkey", "-in", str(key), "-pubout")
    namespace = 'namespace = "suite"\n'
    catalog.write_text(catalog.read_text().replace(namespace, f'{namespace}public_key = """\n{public}"""\n'))
    yield Fleet(
        root=root,
        organisation=organisation,
        registry=RealRegistry(host=registry),
        key=key,
        environment={**os.environ, "DOCKER_HOST": docker_host},
    )


def test_a_release_goes_to_canary_to_stable_and_back(fleet: Fleet) -> None:
    fleet.good("release", "--tag", FIRST, "--commit", FIRST_COMMIT, *AT_ONCE)
    verified = fleet.read("verify", "--tag", FIRST)
    assert (verified["outcome"], verified["signed"], verified["evidence"]) == ("verified", True, 2)
    images = fleet.tags("suite/alpha")
    works_and_then_does_not(fleet)

    too_soon = fleet.call("promote", "--tag", FIRST, "--channel", "stable")
    assert too_soon.exit_code == 1
    assert f"{FIRST} was never canary" in too_soon.stderr
    assert "Traceback" not in too_soon.stderr
    assert "from now on, entry 1" in fleet.good("promote", "--tag", FIRST, *AT_ONCE)
    assert "from now on, entry 1" in fleet.good("promote", "--tag", FIRST, "--channel", "stable", *AT_ONCE)
    assert fleet.tags("suite/alpha") == images

    server = fleet.root / "alpha" / "serve.py"
    server.write_text(server.read_text() + "\n# edited\n")
    fleet.good("release", "--tag", SECOND, "--commit", SECOND_COMMIT, *AT_ONCE)
    fleet.good("promote", "--tag", SECOND, *AT_ONCE)
    status = fleet.read("status")
    assert {each["channel"]: each["current"]["tag"] for each in status["channels"]} == {
        "canary": SECOND,
        "stable": FIRST,
    }
    changes = fleet.read("diff", "--from", "stable", "--to", "canary")
    assert {unit["name"]: unit["change"] for unit in changes["units"]} == {
        "alpha": "changed",
        "sound-family": "same",
    }
    assert f"{FIRST} from now on, entry 3 (before: {SECOND})" in fleet.good(
        "rollback", "--reason", "it hums", *AT_ONCE
    )
    steps = [(each["action"], each["tag"], each["reason"]) for each in fleet.read("history")["entries"]]
    assert steps == [("rollback", FIRST, "it hums"), ("promote", SECOND, ""), ("promote", FIRST, "")]
    assert fleet.read("prune", "--dry-run")["removals"] == []

    edited = fleet.call("verify", "--tag", FIRST)
    assert edited.exit_code == 1
    assert "check out 9c99cc9" in edited.stderr


def works_and_then_does_not(fleet: Fleet) -> None:
    """What is published is smoke-tested, as the supervisor's variable names it; nothing is written."""
    before = fleet.registry.everything(fleet.organisation)
    deployed = replace(fleet, environment={**fleet.environment, "FORCE_IMAGE_TAG": FIRST})
    verified = deployed.read("verify", "--smoke")
    assert verified["outcome"] == "verified"
    assert [(each["service"], each["verdict"]) for each in verified["smoke"]] == [("alpha-service", "passed")]
    catalog = fleet.root / "fleet.toml"
    sound = catalog.read_text()
    exits = """name = "alpha-service"\ncommand = ["sh", "-c", "echo gone; exit 3"]"""
    catalog.write_text(sound.replace('name = "alpha-service"', exits))
    broken = fleet.call("verify", "--tag", FIRST, "--smoke")
    catalog.write_text(sound)
    assert broken.exit_code == 1
    assert f"{FIRST}: broken, 1 smoke test failed" in broken.stderr
    assert "exited with 3" in broken.stderr
    assert f"verify --tag {FIRST} --smoke" in broken.stderr
    assert fleet.registry.everything(fleet.organisation) == before


def test_a_key_that_nobody_trusts_is_refused_before_anything_is_built(fleet: Fleet) -> None:
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(fleet.key))
    called = fleet.call("build-all", "--candidates")
    assert called.exit_code == 1
    assert "its public key is not the one in fleet.toml" in called.stderr + called.stdout
    assert fleet.registry.everything(fleet.organisation) == {}


def test_tags_without_a_record_are_adopted(fleet: Fleet) -> None:
    fleet.good("build-all", "--candidates")
    for repository in ("sound-family", "suite/alpha"):
        path = f"{fleet.organisation}/{repository}"
        [key] = [tag for tag in fleet.tags(repository) if tag.startswith("key-")]
        retag(fleet.registry, path, key, FIRST)
    assert "adopt" in fleet.call("promote", "--tag", FIRST).stderr
    adopted = fleet.read("adopt", "--tag", FIRST, "--commit", FIRST_COMMIT)
    assert adopted["new"]
    assert [len(unit["evidence"]) for unit in adopted["units"]] == [1, 1]
    assert not fleet.read("adopt", "--tag", FIRST, "--commit", FIRST_COMMIT)["new"]
    assert fleet.read("verify", "--tag", FIRST)["outcome"] == "verified"
    fleet.good("promote", "--tag", FIRST, *AT_ONCE)
    missing = fleet.call("adopt", "--tag", SECOND, "--commit", SECOND_COMMIT)
    assert missing.exit_code == 1
    assert "not there: " in missing.stderr


def retag(registry: RealRegistry, path: str, tag: str, name: str) -> None:
    """Give another name, as `docker tag` and `docker push` would."""
    accept = (
        "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    )
    _, body, headers = registry.get(f"{path}/manifests/{tag}", accept=accept)
    request = urllib.request.Request(
        f"http://{registry.host}/v2/{path}/manifests/{name}",
        data=body,
        method="PUT",
        headers={"Content-Type": headers["content-type"]},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        assert answer.status == 201


def test_a_release_that_could_not_be_tested_goes_as_far_as_the_catalog_says(fleet: Fleet) -> None:
    catalog = fleet.root / "fleet.toml"
    text = catalog.read_text().replace('name = "alpha-service"', 'name = "alpha-service"\ngpu = true')

    def allow(channel: str) -> None:
        catalog.write_text(text.replace("[fleet]", f'[fleet]\nuntested_allows = "{channel}"', 1))

    allow("nothing")
    fleet.good("release", "--tag", FIRST, "--commit", FIRST_COMMIT, *AT_ONCE)
    refused = fleet.call("promote", "--tag", FIRST, *AT_ONCE)
    assert refused.exit_code == 1
    assert "it was skipped, for alpha/alpha-service (untested_allows is 'nothing'" in refused.stderr
    allow("canary")
    fleet.good("promote", "--tag", FIRST, *AT_ONCE)
    refused = fleet.call("promote", "--tag", FIRST, "--channel", "stable", *AT_ONCE)
    assert "untested_allows is 'canary'" in refused.stderr
    assert "was never canary" not in refused.stderr
    allow("stable")
    fleet.good("promote", "--tag", FIRST, "--channel", "stable", *AT_ONCE)
