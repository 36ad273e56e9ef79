"""Everything that a release writes, read by skopeo: a stranger to our client, from Debian."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from real_registry import RealRegistry
from released_sets import A, candidates, filed, move_to
from tiny_images import push_image
from unhurried import Unhurried

from pipeline.registry.documents.evidence import EVIDENCE_TYPE
from pipeline.registry.documents.record import RECORD_TYPE, Facts
from pipeline.registry.oci.client import Registry
from pipeline.registry.tag_phase.release import release

pytestmark = pytest.mark.integration

FACTS = Facts(fleet="mainpc", commit="9c99cc0" + "0" * 33, commit_date="2025-08-10T12:00:00Z")


def skopeo(*words: str) -> str:
    program = shutil.which("skopeo")
    assert program, "skopeo is not installed (Debian: apt-get install skopeo)"
    ended = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def named(real: RealRegistry, repository: str, tag: str) -> str:
    return f"docker://{real.host}/{repository}:{tag}"


def digest_of(real: RealRegistry, repository: str, tag: str) -> str:
    """What skopeo makes of the raw bytes, not what a header claims."""
    raw = skopeo("inspect", "--raw", "--tls-verify=false", named(real, repository, tag))
    path = Path("/dev/stdin")
    program = shutil.which("skopeo")
    assert program
    return subprocess.run(
        [program, "manifest-digest", str(path)], input=raw, capture_output=True, text=True, check=True
    ).stdout.strip()


async def test_every_image_tag_and_artifact_of_a_release(
    registry: Registry, real: RealRegistry, org: str, tmp_path: Path
) -> None:
    units = await candidates(registry, org, A)
    await release(registry, f"{org}/release", A, units, FACTS, timing=Unhurried())
    await move_to(registry, org, A)
    record = await filed(registry, org, A)
    there = real.everything(org)
    assert {"family", "one", "two", "release"} == {name.partition("/")[2] for name in there}
    for repository, tags in there.items():
        listed = skopeo("list-tags", "--tls-verify=false", f"docker://{real.host}/{repository}")
        assert set(json.loads(listed)["Tags"]) == set(tags)
        for tag, digest in tags.items():
            assert digest_of(real, repository, tag) == digest

    for unit in units:
        told = json.loads(skopeo("inspect", "--tls-verify=false", named(real, unit.repository, A)))
        assert (told["Digest"], told["Labels"]) == (unit.digest, {"c": f"{unit.name} {A}"})

    copied = tmp_path / "record"
    skopeo("copy", "--src-tls-verify=false", named(real, f"{org}/release", A), f"dir:{copied}")
    manifest = json.loads((copied / "manifest.json").read_text())
    document = json.loads((copied / manifest["layers"][0]["digest"].partition(":")[2]).read_text())
    assert manifest["artifactType"] == RECORD_TYPE
    listed = {each["repository"]: each["digest"] for each in document["families"] + document["images"]}
    assert listed == record.record.digests

    [(service, key)] = units[0].evidence.items()
    copied = tmp_path / "evidence"
    evidence = named(real, units[0].repository, f"evidence-{key}")
    skopeo("copy", "--src-tls-verify=false", evidence, f"dir:{copied}")
    manifest = json.loads((copied / "manifest.json").read_text())
    statement = json.loads((copied / manifest["layers"][0]["digest"].partition(":")[2]).read_text())
    assert manifest["artifactType"] == EVIDENCE_TYPE
    assert (statement["predicate"]["service"], statement["predicate"]["result"]) == (service, "PASSED")
    assert f"sha256:{statement['subject'][0]['digest']['sha256']}" == units[0].digest


async def test_a_tag_that_was_moved_is_told_by_skopeo_too(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    first = await push_image(registry, f"{org}/one", A, content="1")
    assert digest_of(real, f"{org}/one", A) == first
    second = await push_image(registry, f"{org}/one", A, content="2")
    assert digest_of(real, f"{org}/one", A) == second != first
