import pytest
from sound_fleet import SoundFleet

ENV = "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\n"


@pytest.mark.parametrize(
    ("env", "missing"),
    [
        ("", "NVIDIA_VISIBLE_DEVICES and NVIDIA_DRIVER_CAPABILITIES not set"),
        ("ENV NVIDIA_VISIBLE_DEVICES=all\n", "NVIDIA_DRIVER_CAPABILITIES not set"),
        ("ENV NVIDIA_DRIVER_CAPABILITIES=compute\n", "NVIDIA_VISIBLE_DEVICES not set"),
        ("ARG NVIDIA_VISIBLE_DEVICES=all\nARG NVIDIA_DRIVER_CAPABILITIES=x\n", "NVIDIA_VISIBLE_DEVICES and"),
    ],
)
def test_missing_is_told_once_for_the_family(fleet: SoundFleet, env: str, missing: str):
    fleet.edit("families/torch", ENV, env)
    assert fleet.found() == [("nvidia-environment", "families/torch", 2, "torch")]
    assert fleet.lint()[0].message.startswith(missing)


def test_old_form_and_single_lines(fleet: SoundFleet):
    fleet.edit(
        "families/torch", ENV, "ENV NVIDIA_VISIBLE_DEVICES all\nENV NVIDIA_DRIVER_CAPABILITIES=compute\n"
    )
    assert fleet.found() == []


def test_every_image_may_set_it_itself(fleet: SoundFleet):
    fleet.edit("families/torch", ENV, "")
    fleet.edit("families/llm", "FROM ${BASE_IMAGE}\n", f"FROM ${{BASE_IMAGE}}\n{ENV}")
    assert [each[0] for each in fleet.found()] == ["nvidia-environment"]
    fleet.edit("speech/Dockerfile", "EXPOSE", f"{ENV}EXPOSE")
    assert fleet.found() == []


def test_a_family_without_cuda_needs_none(fleet: SoundFleet):
    fleet.edit("families/torch", ENV, "")
    fleet.edit("fleet.toml", 'cuda = "12.1"\n', "")
    assert fleet.found() == []


def test_a_published_family_may_have_it(fleet: SoundFleet):
    fleet.publish()
    assert fleet.found() == []
