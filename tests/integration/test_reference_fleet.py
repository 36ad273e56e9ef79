"""The main job as a user does it: the whole reference fleet, by `pipeline`, on a real registry.

NB: the tests of this file are the steps of one story and run in order; a later step needs the earlier ones.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from clients import docker_that_builds
from init_answers import fill_in
from jobs import JOBS, Ask, Serve
from reference_story import EDITED, PIPELINE, Story, reference_story
from served_services import serving
from tiny_docker import DockerCommand, empty_docker

from pipeline.catalog.load import load_catalog

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

FAMILIES = ["base-gpu-cu121", "family-torch-cu121", "family-llm-cu121", "family-vision-cu121"]
IMAGES = 8
SERVICES_AND_DEFAULTS = 20
SUITES = 2  # their services also run side by side, under the image's name
CUDA_12_4 = (
    "nvidia-cuda-runtime-cu12==12.4.127 "
    "--hash=sha256:64403288fa2136ee8e467cdc9c9427e0434110899d07c779f25b5c068934faa5\n"
)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, docker_host: str, registry: str) -> Iterator[Story]:
    directory = tmp_path_factory.mktemp("reference")
    with reference_story(directory, docker_host=docker_host, registry=registry) as made:
        yield made


def _units(run: dict) -> dict[str, dict]:
    return {unit["name"]: unit for unit in run["units"]}


def _services(run: dict, verdict: str) -> int:
    images = [unit for unit in run["units"] if unit["kind"] == "image"]
    return sum(service["verdict"] == verdict for unit in images for service in unit["services"])


def test_everything_is_built_smoked_and_pushed(story: Story, tmp_path: Path) -> None:
    run = replace(story, program=PIPELINE).run(tmp_path / "out")
    assert run["verdict"] == "passed", (tmp_path / "out" / "summary.txt").read_text()
    assert [u["name"] for u in run["units"] if u["kind"] == "family"] == FAMILIES
    assert sum(u["kind"] == "image" for u in run["units"]) == IMAGES
    assert _services(run, "passed") == SERVICES_AND_DEFAULTS + SUITES
    pushed = story.registry.everything("example")
    for unit in run["units"]:
        repository = (
            f"example/{unit['name']}" if unit["kind"] == "family" else f"example/ai_system/{unit['name']}"
        )
        assert f"key-{unit['build_key']}" in pushed[repository], unit["name"]
        assert unit["reference"] == f"{story.registry.host}/{repository}@{unit['digest']}"


def test_nothing_changed_nothing_done(story: Story, tmp_path: Path) -> None:
    before = story.registry.everything("example")
    run = story.run(tmp_path / "out")
    assert {unit["decision"] for unit in run["units"]} == {"reuse"}
    assert _services(run, "reused") == SERVICES_AND_DEFAULTS + SUITES
    assert story.registry.everything("example") == before


def test_what_init_writes_and_a_person_fills_in_builds_the_same_images(story: Story, tmp_path: Path) -> None:
    """The answers of `init_answers` are all that is filled in; the licence is a label of this team's own."""
    fleet = tmp_path / "fleet"
    shutil.copytree(story.fleet, fleet, ignore=shutil.ignore_patterns(".git", "fleet.toml"))
    subprocess.run([PIPELINE, "init", fleet], check=True, capture_output=True, env=story.environment)
    written = fleet / "fleet.toml"
    written.write_text(fill_in(written.read_text()).replace("[root]", 'licenses = "Apache-2.0"\n\n[root]'))
    built = replace(story, fleet=fleet).call("build-all", "--candidates")
    assert built.returncode == 0, built.stdout + built.stderr
    told = built.stdout.splitlines()[-1]
    assert told.startswith("4 families, 8 images: 12 reused; 8 smoke tests: 8 passed")


def test_an_edit_of_one_service_builds_its_image_only(story: Story, tmp_path: Path) -> None:
    story.edit_one_service()
    plan = story.call("plan")
    line = next(line for line in plan.stdout.splitlines() if "speech_pipeline" in line)
    assert EDITED in line, plan.stdout + plan.stderr
    units = _units(story.run(tmp_path / "out"))
    assert [name for name, unit in units.items() if unit["decision"] == "build"] == ["speech_pipeline"]
    assert EDITED in units["speech_pipeline"]["because"]


@pytest.fixture(scope="module")
def tag(story: Story) -> str:
    return story.committed("One service edited")


def test_a_release_names_the_whole_set(story: Story, tag: str) -> None:
    released = replace(story, program=PIPELINE).release(tag)
    assert released.returncode == 0, released.stdout + released.stderr
    names = {name: tags for name, tags in story.registry.everything("example").items() if tag in tags}
    assert len(names) == len(FAMILIES) + IMAGES + 1  # and the record
    assert "example/ai_system/release" in names
    again = story.release(tag)
    assert again.returncode == 0, again.stderr
    after = story.registry.everything("example")
    assert {name: after[name][tag] for name in names} == {name: tags[tag] for name, tags in names.items()}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_a_published_service_does_its_job(story: Story, tag: str, job: Callable[[Serve], None]) -> None:
    owners = {s.name: (image, s) for image in load_catalog(story.fleet).images.values() for s in image.smoked}

    def serve(name: str) -> AbstractContextManager[Ask]:
        assert name in JOBS[job]
        image, service = owners[name]
        reference = f"{story.registry.host}/example/ai_system/{image.name}:{tag}"
        return serving(DockerCommand(story.environment["DOCKER_HOST"]), reference, service)

    job(serve)


def test_a_family_without_one_library_reddens_just_what_declares_it(story: Story, tmp_path: Path) -> None:
    """NB: deleted, since Debian's ffmpeg brings most of them along."""
    library, on_torch = "libportaudio.so.2", "family-torch-cu121"
    lean = replace(story, fleet=tmp_path / "fleet")
    shutil.copytree(story.fleet, lean.fleet)
    with (lean.fleet / "families" / "Dockerfile.torch").open("a") as dockerfile:
        dockerfile.write(f"RUN rm /usr/lib/*/{library}* && ldconfig\n")
    catalog = lean.fleet / "fleet.toml"  # the family no longer promises it
    family = '"libgomp.so.1", "libportaudio.so.2", "libpulse.so.0"'
    assert catalog.read_text().count(family) == 1
    catalog.write_text(catalog.read_text().replace(family, '"libgomp.so.1", "libpulse.so.0"'))
    images = [image for image in load_catalog(lean.fleet).images.values() if image.family == on_torch]
    run = lean.run(tmp_path / "out", "--only", ",".join(image.name for image in images))
    declared = {service.name for image in images if library in image.libraries for service in image.smoked}
    smoked = {service.name for image in images for service in image.smoked}  # NB: a suite has one test more
    services = [test for unit in run["units"] for test in unit["services"] if test["name"] in smoked]
    red = {service["name"]: service["failure"] for service in services if service["verdict"] == "failed"}
    assert {*red} == declared
    assert all(library in failure["what"] for failure in red.values())
    assert {unit["name"] for unit in run["units"] if unit["verdict"] == "passed"} == {
        on_torch,
        *(image.name for image in images if library not in image.libraries),
    }


def test_the_cuda_runtime_that_the_loader_finds_is_the_declared_one(story: Story, tmp_path: Path) -> None:
    """The base as it is, and its twin with the runtime of CUDA 12.4 under the same soname."""
    twin = replace(story, fleet=tmp_path / "fleet")
    shutil.copytree(story.fleet, twin.fleet)
    (twin.fleet / "families" / "requirements.cuda.txt").write_text(CUDA_12_4)
    sound, refused = (each.call("family", "--name", "base-gpu-cu121", "smoke") for each in (story, twin))
    assert (sound.returncode, refused.returncode) == (0, 1)
    assert "12.4, not 12.1" in refused.stderr


def test_a_release_of_something_else_under_the_same_name_is_refused(story: Story, tag: str) -> None:
    before = story.registry.everything("example")
    dockerfile = story.fleet / "main_pc_code" / "Dockerfile.coordination"
    dockerfile.write_text(dockerfile.read_text() + "ENV EDITED=1\n")
    refused = story.release(tag)
    assert refused.returncode == 1
    assert tag in refused.stderr
    assert "coordination" in refused.stderr
    after = story.registry.everything("example")
    assert {name: tags[tag] for name, tags in after.items() if tag in tags} == {
        name: tags[tag] for name, tags in before.items() if tag in tags
    }


def test_the_printed_build_lines_build(story: Story, tag: str) -> None:
    """NB: buildx is not everywhere, and a `# syntax=` frontend cannot be pulled offline: both go."""
    printed = story.call("plan", "--format", "commands", "--tag", tag)
    assert printed.returncode == 0, printed.stderr
    for dockerfile in (path for path in story.fleet.rglob("Dockerfile*") if path.is_file()):
        dockerfile.write_text(re.sub(r"^# syntax=.*\n", "", dockerfile.read_text()))
    lines = [line for line in printed.stdout.splitlines() if "/ai_system/" in line]
    assert len(lines) == IMAGES
    for line in lines:
        words = line.replace("docker buildx build", f"{docker_that_builds()} build -q", 1)
        environment = story.environment | {"DOCKER_BUILDKIT": "1"}
        built = subprocess.run(
            words, shell=True, cwd=story.fleet, env=environment, capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, f"{line}\n{built.stderr}"
        assert built.stdout.startswith("sha256:"), line
        DockerCommand(story.environment["DOCKER_HOST"])("rmi", line.split(" -t ")[1].split()[0])


def test_a_published_service_runs_where_nothing_else_is(story: Story, tag: str, tmp_path: Path) -> None:
    image = load_catalog(story.fleet).images["speech_pipeline"]
    reference = f"{story.registry.host}/example/ai_system/{image.name}:{tag}"
    [service] = [service for service in image.services if service.name == "TTSService"]
    with empty_docker(tmp_path) as docker, serving(docker, reference, service) as ask:
        assert ask
