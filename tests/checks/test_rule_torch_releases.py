import pytest
from sound_fleet import SoundFleet

from pipeline.checks.facts.torch import belong_together, torch_of


def install(fleet: SoundFleet, *runs: str) -> None:
    fleet.edit(
        "lone/Dockerfile", "EXPOSE", "\n".join([*(f"RUN pip install {run}" for run in runs), "EXPOSE"])
    )


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("torch==2.1.0 torchvision==0.15.2", "torchvision 0.15.2 belongs to torch 2.0.1, not to 2.1.0"),
        ("torch==2.1.0 torchaudio==2.1.1", "torchaudio 2.1.1 belongs to torch 2.1.1, not to 2.1.0"),
        (
            "torchvision==0.16.0 torchaudio==2.2.0",
            "torchaudio 2.2.0 belongs to torch 2.2.0, torchvision 0.16.0 to 2.1.0",
        ),
        ("torch==2.1.99 torchvision==0.17.0", "torchvision 0.17.0 belongs to torch 2.2.0, not to 2.1.99"),
        ("torch==2.1.0+cu121 torchvision==0.16.0+cpu", "torchvision is built for cpu, torch for cu121"),
    ],
)
def test_of_two_releases(fleet: SoundFleet, run: str, message: str):
    install(fleet, run)
    assert fleet.found() == [("torch-releases", "lone/Dockerfile", 4, "lone")]
    assert fleet.lint()[0].message == message


@pytest.mark.parametrize(
    "run",
    [
        "torch==2.1.0 torchvision==0.16.0 torchaudio==2.1.0",
        "torch==2.0.1 torchvision==0.15.2 torchaudio==2.0.2 --index-url https://download.pytorch.org/whl/cu121",
        "torch==2.1.0+cu121 torchvision==0.16.0+cu121",
        "torch==2.1.0+cu121 torchvision==0.16.0",
        "torch==2.1.99 torchvision==0.16.7",
        "torch torchvision==0.15.2",
        "torch>=2.1 torchaudio==2.0.1",
        "torch==77.0 torchvision==0.16.0",
        "torchvision==0.16.0",
    ],
)
def test_of_one_release_or_not_known(fleet: SoundFleet, run: str):
    install(fleet, run)
    assert fleet.found() == []


def test_the_last_install_counts(fleet: SoundFleet):
    install(fleet, "torch==2.2.0 torchaudio==2.1.0", "torch==2.1.0")
    assert fleet.found() == []


def test_one_of_them_in_the_family(fleet: SoundFleet):
    fleet.edit("families/torch", "USER", "RUN pip install torch==2.1.0\nUSER")
    install(fleet, "torchvision==0.15.2")
    assert fleet.found() == [("torch-releases", "lone/Dockerfile", 4, "lone")]


def test_both_in_the_family_are_told_there(fleet: SoundFleet):
    fleet.edit("families/torch", "USER", "RUN pip install torch==2.1.0 torchvision==0.15.2\nUSER")
    assert fleet.found() == [("torch-releases", "families/torch", 5, "torch")]


def test_torch_is_changed_above_its_companion(fleet: SoundFleet):
    fleet.edit("families/torch", "USER", "RUN pip install torch==2.1.0 torchvision==0.16.0\nUSER")
    install(fleet, "torch==2.2.0")
    assert fleet.found() == [("torch-releases", "lone/Dockerfile", 4, "lone")]


@pytest.mark.parametrize(
    ("package", "version", "torch"),
    [
        ("torch", "2.1.0+cu121", "2.1.0"),
        ("torch", "2.1.9", "2.1"),
        ("torchvision", "0.15.2", "2.0.1"),
        ("torchvision", "0.8.2", "1.7.1"),
        ("torchaudio", "0.13.1", "1.13.1"),
        ("torchaudio", "9.9.9", ""),
    ],
)
def test_torch_of(package: str, version: str, torch: str):
    assert torch_of(package, version) == torch


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("2.1.0", "2.1.0", True), ("2.1.0", "2.1.1", False), ("2.1", "2.1.1", True), ("2.1", "2.2", False)],
)
def test_belong_together(one: str, other: str, *, expected: bool):
    assert belong_together(one, other) is expected


def test_an_install_without_a_version_leaves_the_pinned_one(fleet: SoundFleet):
    install(fleet, "torch==2.1.0 torchvision==0.15.2", "torch")
    assert fleet.found() == [("torch-releases", "lone/Dockerfile", 4, "lone")]
