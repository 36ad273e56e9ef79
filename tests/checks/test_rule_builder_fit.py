import pytest
from sound_fleet import SoundFleet

from pipeline.checks.facts.platforms import platform_of

BUILDER = "FROM docker.io/library/python:3.11 AS builder"
WHEELS = "RUN pip wheel -w /wheels -r /requirements.txt"


def stand_on(fleet: SoundFleet, builder: str, run: str = WHEELS, *, apt: str = "python3") -> None:
    fleet.edit("families/torch", "USER", f"RUN apt-get install -y {apt}\nUSER")
    fleet.edit("speech/Dockerfile", BUILDER, f"FROM {builder} AS builder")
    fleet.edit("speech/Dockerfile", "FROM ${BASE_IMAGE}\n", f"{run}\nFROM ${{BASE_IMAGE}}\n")


@pytest.mark.parametrize(
    ("builder", "run", "said"),
    [
        pytest.param("python:3.11-bookworm", WHEELS, "has Python 3.11, torch has 3.10", id="Python"),
        pytest.param("python:3.12", "RUN pip install x -t /wheels", "Python 3.12", id="without codename"),
        pytest.param("debian:12", f"RUN apt install python3\n{WHEELS}", "Python 3.11", id="of the package"),
        pytest.param("python:3.10-alpine", WHEELS, "has musl, torch has glibc", id="C library"),
        pytest.param("alpine:3.20", "RUN make", "has musl, torch has glibc", id="C library of a program"),
        pytest.param("debian:bookworm-slim", "RUN make", "has glibc 2.36, newer than 2.35", id="newer glibc"),
        pytest.param("ubuntu:24.04", "RUN cargo build", "has glibc 2.39, newer than 2.35", id="newer Ubuntu"),
    ],
)
def test_another_python_or_c_library(fleet: SoundFleet, builder: str, run: str, said: str):
    stand_on(fleet, builder, run)
    assert fleet.found() == [("builder-fit", "speech/Dockerfile", 2, "speech")]
    assert said in fleet.lint()[0].message and fleet.lint()[0].severity == "error"


@pytest.mark.parametrize(
    ("builder", "run"),
    [
        pytest.param("python:3.10-bookworm", "RUN pip install -t /wheels x", id="same Python"),
        pytest.param("ubuntu:22.04", f"RUN apt-get install python3\n{WHEELS}", id="same distribution"),
        pytest.param("debian:11", "RUN make", id="older glibc"),
        pytest.param("python:3.12", "RUN curl -o /wheels/x y", id="makes nothing"),
        pytest.param("ghcr.io/x/y:1", WHEELS, id="unknown"),
        pytest.param("${BASE_IMAGE}", WHEELS, id="the family itself"),
    ],
)
def test_what_fits_or_cannot_be_told(fleet: SoundFleet, builder: str, run: str):
    stand_on(fleet, builder, run)
    assert fleet.found() == []


def test_nothing_of_packages_is_copied(fleet: SoundFleet):
    stand_on(fleet, "python:3.12")
    fleet.edit(
        "speech/Dockerfile", "COPY --from=builder /wheels /wheels", "COPY --from=builder /models /models"
    )
    assert fleet.found() == []


def test_a_python_that_the_family_installs(fleet: SoundFleet):
    stand_on(fleet, "python:3.11", apt="python3.11")
    assert fleet.found() == []


def test_a_python_that_comes_another_way_is_not_known(fleet: SoundFleet):
    stand_on(fleet, "python:3.11", apt="python3 && uv python install 3.13")
    assert fleet.found() == []


def test_the_catalog_says_what_a_published_family_has(fleet: SoundFleet):
    stand_on(fleet, "python:3.11")
    fleet.publish()
    (fleet.root / "families/torch").unlink()
    assert fleet.found() == []
    fleet.edit("fleet.toml", 'tag = "1"', 'tag = "1"\ndistribution = "debian12"\npython = "3.12"')
    assert "has Python 3.11, torch has 3.12" in fleet.lint()[0].message


@pytest.mark.parametrize(
    ("reference", "distribution", "libc", "python"),
    [
        ("python:3.11-slim-bookworm", "debian12", "glibc", "3.11"),
        ("docker.io/library/python:3.12.4-alpine3.20@sha256:" + "a" * 64, "alpine3.20", "musl", "3.12"),
        ("python:3.11-alpine", "", "musl", "3.11"),
        ("python:3", "", "", ""),
        ("debian:12.5-slim", "debian12", "glibc", ""),
        ("ubuntu:jammy", "ubuntu22.04", "glibc", ""),
        ("docker.io/nvidia/cuda:12.1.1-runtime-ubuntu22.04", "ubuntu22.04", "glibc", ""),
        ("registry.access.redhat.com/ubi9:9.4", "rhel9", "glibc", ""),
        ("localhost:5000/x", "", "", ""),
        ("alpine", "", "musl", ""),
    ],
)
def test_what_a_reference_tells(reference: str, distribution: str, libc: str, python: str):
    platform = platform_of(reference)
    assert (platform.distribution, platform.libc, platform.python) == (distribution, libc, python)


def test_a_builder_is_told_once(fleet: SoundFleet):
    stand_on(fleet, "python:3.12")
    fleet.edit("speech/Dockerfile", "COPY src", "COPY --from=builder /wheels/more /wheels/more\nCOPY src")
    assert fleet.found() == [("builder-fit", "speech/Dockerfile", 2, "speech")]
