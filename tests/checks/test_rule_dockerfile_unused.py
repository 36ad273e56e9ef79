import pytest
from sound_fleet import SoundFleet

PATHS = ["old/Dockerfile", "speech/Dockerfile.gpu", "a/b/c/Dockerfile-slim", "x.dockerfile", "Containerfile"]


@pytest.mark.parametrize("path", PATHS)
def test_in_no_table(fleet: SoundFleet, path: str):
    fleet.write(path, "FROM x:1\n")
    assert fleet.found() == [("dockerfile-unused", path, 1, path)]
    assert fleet.lint()[0].severity == "warning"


def test_the_nearest_name(fleet: SoundFleet):
    fleet.write("old/Dockerfile.speach", "FROM x:1\n")
    assert "did you mean speech?" in fleet.lint()[0].fix


@pytest.mark.parametrize(
    "path",
    [
        *("speech/Dockerfile.dockerignore", "speech/Dockerfiles.md", "node_modules/x/Dockerfile"),
        *(".github/Dockerfile", "Dockerfile/readme", "speech/docker.py"),
    ],
)
def test_what_is_none_of_the_fleets(fleet: SoundFleet, path: str):
    fleet.write(path, "")
    assert fleet.found() == []


def test_it_can_be_acknowledged(fleet: SoundFleet):
    fleet.write("old/Dockerfile", "FROM x:1\n")
    text = '[[acknowledge]]\nrule = "dockerfile-unused"\nsubject = "old/Dockerfile"\nreason = "kept"\n'
    fleet.edit("fleet.toml", "[families.torch]", f"{text}[families.torch]")
    assert fleet.found() == []


@pytest.mark.parametrize(("depth", "count"), [(8, 1), (9, 0)])
def test_how_deep_it_looks(fleet: SoundFleet, depth: int, count: int):
    fleet.write(f"{'d/' * depth}Dockerfile", "FROM x:1\n")
    assert len(fleet.found()) == count
