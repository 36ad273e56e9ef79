import pytest
from sound_fleet import SoundFleet


def install(fleet: SoundFleet, run: str) -> None:
    fleet.edit("lone/Dockerfile", "EXPOSE", f"{run}\nEXPOSE")


@pytest.mark.parametrize(
    ("run", "what"),
    [
        ("RUN pip install torch==2.1.0+cu118", "torch==2.1.0+cu118 is for CUDA 11.8"),
        (
            "RUN pip install torch --index-url https://download.pytorch.org/whl/cu118",
            "torch is for CUDA 11.8",
        ),
        (
            "RUN pip install --extra-index-url=https://download.pytorch.org/whl/cu124 torchaudio",
            "torchaudio is for CUDA 12.4",
        ),
        ("RUN pip install torch==2.5.1", "torch==2.5.1 is for CUDA 12.4"),
        (
            "RUN pip install https://x.org/torch-2.1.0%2Bcu118-cp311-cp311-linux_x86_64.whl",
            "torch==2.1.0+cu118 is",
        ),
        (
            "RUN pip install nvidia-cuda-runtime-cu12==12.4.127",
            "nvidia-cuda-runtime-cu12==12.4.127 is for CUDA 12.4",
        ),
        ("RUN pip install nvidia-cudnn-cu11", "nvidia-cudnn-cu11 is for CUDA 11"),
        ("RUN pip install cupy-cuda11x", "cupy-cuda11x is for CUDA 11"),
        ("RUN pip install cupy-cuda118", "cupy-cuda118 is for CUDA 11.8"),
        ("RUN pip install 'jax[cuda11_pip]'", "jax is for CUDA 11"),
        ("RUN apt-get install -y cuda-toolkit-11-8", "cuda-toolkit-11-8 is for CUDA 11.8"),
        ("RUN apt-get install -y libcublas-12-4", "libcublas-12-4 is for CUDA 12.4"),
        ("ENV CUDA_VERSION=11.8.0", "ENV CUDA_VERSION is for CUDA 11.8"),
        ("ENV CUDA_VERSION 11.8", "ENV CUDA_VERSION is for CUDA 11.8"),
    ],
)
def test_another_cuda_than_the_family(fleet: SoundFleet, run: str, what: str):
    install(fleet, run)
    assert fleet.found() == [("cuda-version", "lone/Dockerfile", 4, "lone")]
    assert fleet.lint()[0].message.startswith(what) and fleet.lint()[0].message.endswith(
        "torch for CUDA 12.1"
    )


@pytest.mark.parametrize(
    "run",
    [
        "RUN pip install torch==2.1.0+cu121",
        "RUN pip install torch==2.1.0",
        "RUN pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/cu121",
        "RUN pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/cpu",
        "RUN pip install torch==99.0",
        "RUN pip install requests --extra-index-url https://download.pytorch.org/whl/cu118",
        "RUN pip install nvidia-cuda-runtime-cu12==12.1.105 nvidia-cudnn-cu12==8.9.2.26",
        "RUN pip install cupy-cuda12x",
        "RUN apt-get install -y cuda-toolkit-12-1 libcurl4",
        "ENV CUDA_VERSION=12.1.1",
    ],
)
def test_the_same_cuda(fleet: SoundFleet, run: str):
    install(fleet, run)
    assert fleet.found() == []


def test_in_a_builder_too(fleet: SoundFleet):
    fleet.edit(
        "speech/Dockerfile", "docker.io/library/python:3.11", "docker.io/nvidia/cuda:11.8.0-devel-ubuntu22.04"
    )
    assert [each[:3] for each in fleet.found() if each[0] == "cuda-version"] == [
        ("cuda-version", "speech/Dockerfile", 2)
    ]


def test_the_default_of_the_base_argument(fleet: SoundFleet):
    image = '"docker.io/pytorch/pytorch:2.1.0-cuda11.8-cudnn8-runtime"'
    fleet.edit("lone/Dockerfile", "ARG BASE_IMAGE", f"ARG BASE_IMAGE={image}")
    assert fleet.found() == [("cuda-version", "lone/Dockerfile", 1, "lone")]


def test_a_family_and_what_it_stands_on(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'base = "torch"', 'base = "torch"\ncuda = "12.0"')
    line = fleet.line("fleet.toml", "[families.llm]")
    assert fleet.found() == [("cuda-version", "fleet.toml", line, "llm")]
    fleet.edit("fleet.toml", 'cuda = "12.0"', 'cuda = "12.1.1"')
    assert fleet.found() == []


def test_a_family_and_the_root_image(fleet: SoundFleet):
    source = "docker.io/nvidia/cuda:{}-runtime-ubuntu22.04"
    fleet.edit("fleet.toml", "[targets.pc]", f'[root]\nsource = "{source.format("12.4.0")}"\n[targets.pc]')
    line = fleet.line("fleet.toml", "[families.torch]")
    assert fleet.found() == [("cuda-version", "fleet.toml", line, "torch")]
    fleet.edit("fleet.toml", "12.4.0", "12.1.0")
    assert fleet.found() == []


def test_a_published_family_does_not_stand_on_the_root(fleet: SoundFleet):
    fleet.edit("fleet.toml", "[targets.pc]", '[root]\nsource = "nvidia/cuda:11.8.0-base"\n[targets.pc]')
    fleet.publish()
    assert fleet.found() == []
    install(fleet, "RUN pip install torch==2.1.0+cu118")
    assert [each[0] for each in fleet.found()] == ["cuda-version"]


def test_without_a_family_that_says_it_claims_are_held_against_each_other(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'cuda = "12.1"\n', "")
    install(fleet, "RUN pip install torch==2.1.0+cu121 torchaudio==2.1.0+cu118")
    found = [each for each in fleet.lint() if each.rule == "cuda-version"]
    assert [each.message for each in found] == [
        "torchaudio==2.1.0+cu118 is for CUDA 11.8, torch==2.1.0+cu121 for CUDA 12.1"
    ]


def test_the_same_claim_is_told_once(fleet: SoundFleet):
    install(fleet, "RUN pip install torch==2.1.0+cu118\nRUN pip install torch==2.1.0+cu118")
    assert fleet.found() == [("cuda-version", "lone/Dockerfile", 4, "lone")]
