"""What is built again, what is reused, what may be pushed where, and what a release names."""

import asyncio
import base64
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from broken_fleet import KINDS, Kind, write_fleet
from calls import Called, forked, pipeline_call
from proxy import FAIR, Asked, Fate, before
from real_registry import SECRET, USER, RealRegistry, running

from pipeline.host.kept import Kept, kept_runs
from pipeline.reporting.model import Run, Verdict
from pipeline.reporting.read import read_run

pytestmark = pytest.mark.integration

TWO = {"alpha": KINDS["sound"], "beta": KINDS["sound"]}
TAG, COMMIT = "20250810-9c99cc9", "9c99cc9" + "0" * 33
_ACCEPT = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """A fleet of its own organisation, so that nothing of another test is in its registry."""

    root: Path
    organisation: str
    registry: RealRegistry
    environment: dict[str, str]

    def call(self, *words: str) -> Called:
        """One `pipeline call` on it."""
        return pipeline_call("--source", str(self.root), *words, environment=self.environment)

    def good(self, *words: str) -> str:
        """What a call that must succeed prints."""
        called = self.call(*words)
        assert called.exit_code == 0, called.stderr
        return called.stdout

    def there(self) -> set[str]:
        """``repository:tag`` of everything in the registry, without the organisation."""
        found = self.registry.everything(self.organisation)
        prefix = f"{self.organisation}/"
        return {f"{name.removeprefix(prefix)}:{tag}" for name, tags in found.items() for tag in tags}

    def digest(self, repository: str, reference: str) -> str:
        """What the registry itself says, asked without our client."""
        path = f"{self.organisation}/{repository}/manifests/{reference}"
        return self.registry.get(path, accept=_ACCEPT)[2].get("docker-content-digest", "")


def make(
    root: Path, *, docker_host: str, registry: str, base: str, kinds: dict[str, Kind] | None = None
) -> Fleet:
    organisation = f"flow-{secrets.token_hex(4)}"
    write_fleet(root, registry=registry, organisation=organisation, base=base, kinds=kinds or TWO)
    return Fleet(
        root=root,
        organisation=organisation,
        registry=RealRegistry(host=registry),
        environment={**os.environ, "DOCKER_HOST": docker_host},
    )


@pytest.fixture
def fleet(tmp_path: Path, docker_host: str, registry: str, base: str) -> Fleet:
    return make(tmp_path, docker_host=docker_host, registry=registry, base=base)


def keys(names: set[str]) -> set[str]:
    """Repositories that hold a candidate."""
    return {name.partition(":")[0] for name in names if re.search(r":key-[0-9a-f]{64}$", name)}


def test_from_nothing_to_a_release_and_an_edit(fleet: Fleet) -> None:
    first = fleet.good("build-all", "--candidates")
    assert "1 family, 2 images: 3 built; 2 smoke tests: 2 passed; 1 library test: 1 passed;" in first
    assert keys(fleet.there()) == {"sound-family", "suite/alpha", "suite/beta"}

    again = fleet.call("build-all", "--candidates")
    assert "1 family, 2 images: 3 reused; 2 smoke tests: 2 reused; 1 library test: 1 reused;" in again.stdout
    assert not re.search(r"\b(build|exec|push|pull|smoke)\b.*\b(started|running)\b", again.stderr)

    released = fleet.good(
        "release", "--tag", TAG, "--commit", COMMIT, "--commit-date", "2025-08-10", "--settle", "0.1"
    )
    assert f"{fleet.registry.host}/{fleet.organisation}/suite/alpha:{TAG}@sha256:" in released
    assert f"suite/release:{TAG}" in fleet.there()
    named = fleet.digest("suite/alpha", TAG)
    assert named.startswith("sha256:")

    server = fleet.root / "alpha" / "serve.py"
    server.write_text(server.read_text() + "\n# edited\n")
    path = f"{fleet.organisation}/suite/alpha/manifests/last-inputs"
    status, manifest, _ = fleet.registry.get(path, accept=_ACCEPT)
    assert status == 200
    assert json.loads(base64.b64decode(json.loads(manifest)["layers"][0]["data"]))["seconds"] > 0
    plan = fleet.good("plan")
    assert "build: alpha/serve.py changed" in plan
    assert "3 units: 1 to build, 2 reused" in plan
    fleet.good("promote", "--tag", TAG, "--settle", "0.1")
    assert "1 family, 2 images: 1 built, 2 reused" in fleet.good("build-all", "--candidates")
    _knows_the_times_of_what_changed(fleet)

    refused = fleet.call("release", "--tag", TAG, "--commit", COMMIT)
    assert refused.exit_code == 1
    assert "a tag never moves" in refused.stderr
    assert named in refused.stderr
    assert fleet.digest("suite/alpha", TAG) == named

    server.write_text(server.read_text() + "# edited once more\n")
    asyncio.run(_takes_what_somebody_else_has_pushed(fleet, named))


async def _takes_what_somebody_else_has_pushed(fleet: Fleet, theirs: str) -> None:
    """Their image is under the key when this run has built its own: theirs is tested, and it stays."""
    repository, out = f"{fleet.organisation}/suite/alpha", fleet.root.parent / f"{fleet.root.name}-taken"
    asked_for = list[str]()

    def meanwhile(asked: Asked) -> Fate:
        if asked.manifest and asked.manifest[0] == repository and asked.manifest[1].startswith("key-"):
            asked_for.append(asked.manifest[1])
            if len(asked_for) == 2:
                fleet.registry.name(repository, theirs, asked.manifest[1])
        return FAIR

    async with before(fleet.registry.host, meanwhile) as proxy:
        flags = ("--registry", proxy.host, "run", "--candidates", "-o", str(out))
        called = await asyncio.to_thread(fleet.call, *flags)
    assert called.exit_code == 0, called.stderr
    [alpha] = [unit for unit in read_run((out / "run.json").read_text()).units if unit.name == "alpha"]
    shutil.rmtree(out)
    assert (alpha.decision, alpha.verdict, alpha.digest) == ("build", "passed", theirs)
    assert [stage.name for stage in alpha.stages if stage.name != "queue"].count("smoke") == 2
    assert fleet.digest("suite/alpha", asked_for[0]) == theirs


def _knows_the_times_of_what_changed(fleet: Fleet) -> None:
    """In a run that builds nothing more: its own times are those of evidence, as the release's are."""
    out = fleet.root.parent / f"{fleet.root.name}-out"
    fleet.good("run", "--candidates", "-o", str(out))
    run = read_run((out / "run.json").read_text())
    shutil.rmtree(out)
    assert run.previous
    before = {unit.name: unit for unit in run.previous.units}
    now = {unit.name: unit for unit in run.units}
    assert [name for name in now if now[name].digest != before[name].digest] == ["alpha"]
    assert [name for name in now if before[name].tests] == ["alpha"]
    assert before["alpha"].built > 0
    [test] = before["alpha"].tests
    assert test.name == "alpha-service"
    assert 0 < test.ready <= test.seconds
    assert now["alpha"].built > 0
    assert now["alpha"].services[0].took > 0


def test_a_runner_that_dies_costs_its_shard_only_and_a_release_builds_nothing(
    fleet: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Runners share nothing but the registry: what is decided is decided by what is there."""

    def part(shard: str) -> Run:
        out = tmp_path_factory.mktemp("out") / "run"
        fleet.good("run", "--candidates", "--shard", shard, "-o", str(out))
        return read_run((out / "run.json").read_text())

    def built(run: Run) -> dict[str, str]:
        return {unit.name: unit.decision for unit in run.units if unit.verdict is not Verdict.FAILED}

    assert built(part("families")) == {"sound-family": "build"}
    asyncio.run(_killed_before_it_pushes(fleet, "suite/alpha", "--shard", "1/2"))
    assert built(part("2/2")) == {"sound-family": "reuse", "beta": "build"}
    assert keys(fleet.there()) == {"sound-family", "suite/beta"}
    assert built(part("1/2")) == {"sound-family": "reuse", "alpha": "build"}

    released = fleet.good("release", "--tag", TAG, "--commit", COMMIT, "--settle", "0.1")
    assert "1 family, 2 images: 3 reused; 2 smoke tests: 2 reused; 1 library test: 1 reused;" in released
    family, *images = json.loads(fleet.good("plan", "--format", "json"))["units"]
    assert {image["base_reference"].partition("@")[2] for image in images} == {family["digest"]}
    assert fleet.digest("sound-family", TAG) == family["digest"], "one digest of the family for all"


async def _killed_before_it_pushes(fleet: Fleet, name: str, *words: str) -> None:
    """A run that has built and tested, and gets no further than to ask once more for its candidate."""
    asked_again, looks = asyncio.Event(), list[str]()

    def behaviour(asked: Asked) -> Fate:
        repository, tag = asked.manifest or ("", "")
        if repository.endswith(name) and tag.startswith("key-"):
            looks.append(tag)
        if len(looks) < 2:
            return FAIR
        asked_again.set()
        return Fate(until=asyncio.Event())

    async with before(fleet.registry.host, behaviour) as proxy:
        flags = ("call", "--source", str(fleet.root), "--registry", proxy.host, "run", "--candidates", *words)
        environment = {
            **fleet.environment,
            "PIPELINE_HOME": str(fleet.root.with_name(f"{fleet.root.name}-dying")),
        }
        run = await asyncio.create_subprocess_exec(
            forked("pipeline"), *flags, env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        await asyncio.wait_for(asked_again.wait(), 240)
        run.kill()
        await run.wait()


def test_without_a_place_for_families_both_flags_are_named(fleet: Fleet) -> None:
    called = fleet.call("build-all")
    assert called.exit_code == 1
    assert "sound-family" in called.stderr
    assert "--candidates" in called.stderr
    assert "--scratch-registry" in called.stderr
    assert fleet.there() == set()


def test_a_run_that_may_not_push_uses_the_scratch_registry_for_families_only(fleet: Fleet) -> None:
    scratch = f"{fleet.registry.host}/{fleet.organisation}/scratch"
    fleet.good("--scratch-registry", scratch, "run", "--shard", "families")
    assert {name.partition(":")[0] for name in fleet.there()} == {"scratch/sound-family"}
    dockerfile = fleet.root / "sound-family" / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "LABEL edited=1\n")
    done = fleet.good("--scratch-registry", scratch, "build-all")
    assert "1 family, 2 images: 3 built; 2 smoke tests: 2 passed; 1 library test: 1 passed;" in done
    assert {name.partition(":")[0] for name in fleet.there()} == {"scratch/sound-family"}
    assert "1 family, 2 images: 2 built, 1 reused" in fleet.good("--scratch-registry", scratch, "build-all")


def test_a_family_given_by_digest_is_not_built_and_what_it_passes_on_counts(fleet: Fleet) -> None:
    with (fleet.root / "sound-family" / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("ONBUILD COPY told.txt /told.txt\nSTOPSIGNAL SIGINT\n")
    for name in TWO:
        (fleet.root / name / "told.txt").write_text("once")
    reference = fleet.good("family", "--name", "sound-family", "candidate").strip()
    name, _, digest = reference.partition("@")
    assert name == f"{fleet.registry.host}/{fleet.organisation}/sound-family"
    catalog = fleet.root / "fleet.toml"
    text = catalog.read_text()
    start, end = text.index("dockerfile"), text.index("[images.")
    catalog.write_text(f'{text[:start]}digest = "{digest}"\n\n{text[end:]}')
    out = fleet.root.parent / f"{fleet.root.name}-out"
    fleet.good("run", "--candidates", "-o", str(out))
    run = read_run((out / "run.json").read_text())
    shutil.rmtree(out)
    assert [(unit.decision, unit.verdict) for unit in run.units] == [("build", "passed")] * 2
    services = [service for unit in run.units for service in unit.services]
    stops = [check.detail for service in services for check in service.checks if check.name == "stop"]
    assert [told.partition("after ")[2] for told in stops] == ["SIGINT", "SIGINT"]
    released = fleet.good("release", "--tag", TAG, "--commit", COMMIT, "--settle", "0.1")
    assert "2 images: 2 reused" in released
    assert f"sound-family:{TAG}" not in fleet.there()

    (fleet.root / "alpha" / "told.txt").write_text("twice")
    plan = fleet.good("plan")
    assert "build: alpha/told.txt changed" in plan
    assert "2 units: 1 to build, 1 reused" in plan
    other = fleet.call("image", "--name", "alpha", "--base", f"{name}@sha256:{'0' * 64}", "candidate")
    assert other.exit_code == 1
    assert "is not what alpha stands on now" in other.stderr
    fleet.good("image", "--name", "alpha", "--base", reference, "candidate")
    assert "2 units: 0 to build, 2 reused" in fleet.good("plan")


UNKNOWN = {
    "--only": ("build-all", "--only", "alpah"),
    "image --name": ("image", "--name", "alpah", "smoke"),
}


@pytest.mark.parametrize(("where", "words"), UNKNOWN.items(), ids=UNKNOWN)
def test_an_unknown_name_is_answered_with_the_nearest(
    fleet: Fleet, where: str, words: tuple[str, ...]
) -> None:
    called = fleet.call(*words)
    assert called.exit_code == 1
    assert f"{where}: there is no " in called.stderr
    assert "did you mean alpha?" in called.stderr
    assert "Traceback" not in called.stderr
    assert fleet.there() == set()


def test_fail_fast_cancels_what_still_runs(
    tmp_path: Path, docker_host: str, registry: str, base: str
) -> None:
    # NB: to wait for it would take longer than the call may.
    slow = Kind(command=KINDS["never-ready"].command, deadline="600s")
    kinds = {"exits": KINDS["exits"], "slow": slow}
    fleet = make(tmp_path, docker_host=docker_host, registry=registry, base=base, kinds=kinds)
    called = fleet.call("build-all", "--candidates", "--fail-fast")
    assert called.exit_code == 1
    assert "1 cancelled, 1 failed" in called.stderr
    assert "another unit failed (--fail-fast)" in called.stderr


def test_only_builds_no_more_and_fresh_and_rebuild_do_it_again(fleet: Fleet) -> None:
    only = ("build-all", "--candidates", "--only", "beta")
    fleet.good(*only)
    assert keys(fleet.there()) == {"sound-family", "suite/beta"}
    tests = "1 smoke test: 1 passed; 1 library test: 1 passed;"
    assert f"1 family, 1 image: 2 reused; {tests}" in fleet.good(*only, "--fresh")
    rebuilt = fleet.good(*only, "--rebuild")
    assert f"1 family, 1 image: 2 built; {tests}" in rebuilt
    assert "build: forced" in rebuilt


@pytest.fixture
def guarded(tmp_path: Path, docker_host: str, base: str) -> Iterator[Fleet]:
    """A fleet whose registry wants a user name and a token; its root image is in another one.

    The runs of its calls are kept beside it, not among this machine's.
    """
    (tmp_path / "registry").mkdir()
    with running(tmp_path / "registry", basic=True) as registry:
        kinds = {"alpha": KINDS["sound"]}
        fleet = make(
            tmp_path / "fleet", docker_host=docker_host, registry=registry.host, base=base, kinds=kinds
        )
        environment = {**fleet.environment, "PIPELINE_HOME": str(tmp_path / "state")}
        yield replace(fleet, registry=registry, environment=environment)


def kept_of(fleet: Fleet) -> tuple[Kept, Run, str]:
    """The one run that was kept of its calls, and all that is kept of it."""
    [kept] = kept_runs(Path(fleet.environment["PIPELINE_HOME"]))
    texts = {path.name: path.read_text() for path in kept.folder.iterdir()}
    return kept, read_run(texts["run.json"]), "".join(texts.values())


def test_a_token_opens_a_registry_and_is_never_printed(guarded: Fleet) -> None:
    given = replace(guarded, environment={**guarded.environment, "ROBOT_TOKEN": SECRET})
    called = given.call("--username", USER, "--token", "env:ROBOT_TOKEN", "build-all", "--candidates")
    assert called.exit_code == 0, called.stderr
    assert keys(guarded.there()) == {"sound-family", "suite/alpha"}
    kept, run, text = kept_of(guarded)
    assert (run.function, run.verdict, len(run.units)) == ("build-all", Verdict.PASSED, 2)
    assert kept.begun.source == str(guarded.root.resolve())
    assert kept.begun.flags == ("--token", "env:ROBOT_TOKEN")
    assert SECRET not in called.stdout + called.stderr + text
    assert encoded(SECRET) not in text


@pytest.mark.parametrize(
    "flags", [(), ("--username", USER, "--token", "env:ROBOT_TOKEN")], ids=["no token", "a wrong one"]
)
def test_without_the_right_token_a_run_says_what_to_do(guarded: Fleet, flags: tuple[str, ...]) -> None:
    given = replace(guarded, environment={**guarded.environment, "ROBOT_TOKEN": "wr0ng-t0ken"})
    called = given.call(*flags, "build-all", "--candidates")
    assert called.exit_code == 1
    assert re.search(r"--token|right to pull", called.stderr), called.stderr
    _, run, text = kept_of(guarded)
    assert run.verdict is Verdict.FAILED
    assert "pipeline report --source" in called.stderr
    assert "wr0ng-t0ken" not in called.stdout + called.stderr + text
    assert encoded("wr0ng-t0ken") not in text
    assert guarded.there() == set()


def encoded(secret: str) -> str:
    """As an Authorization header has it."""
    return base64.b64encode(f"{USER}:{secret}".encode()).decode()
