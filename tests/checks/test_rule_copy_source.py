import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize("source", ["src", "src/", "/src", "./src/main.py", "src/*.py", "."])
def test_there(fleet: SoundFleet, source: str):
    fleet.edit("speech/Dockerfile", "COPY src", f"COPY {source}")
    fleet.edit("speech/Dockerfile", 'CMD ["python3", "/app/main.py"]', "")
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("COPY src", "COPY scr", 7, id="directory"),
        pytest.param("COPY src", "COPY src missing.txt", 7, id="second source"),
        pytest.param("COPY src", "ADD speech/src", 7, id="relative to the wrong directory"),
        pytest.param("COPY requirements.txt", "COPY requirement.txt", 3, id="in a builder"),
        pytest.param("COPY src", "RUN --mount=source=scr,target=/x y\nCOPY src", 7, id="bind mount"),
    ],
)
def test_missing(fleet: SoundFleet, old: str, new: str, line: int):
    fleet.edit("speech/Dockerfile", old, new)
    assert fleet.found() == [("copy-source", "speech/Dockerfile", line, "speech")]


def test_what_the_bases_onbuild_copies_is_told_as_such(fleet: SoundFleet):
    fleet.write("families/llm", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nONBUILD COPY scr /app\n")
    assert fleet.found() == [("copy-source", "lone/Dockerfile", 2, "lone")]
    assert fleet.lint()[0].message == "ONBUILD COPY of llm: source scr is not in the context ."


def test_the_nearest_name_is_the_fix(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "COPY requirements.txt", "COPY requirement.txt")
    assert "did you mean requirements.txt?" in fleet.lint()[0].fix


@pytest.mark.parametrize(
    ("ignore", "file"),
    [
        pytest.param("src\n", "speech/.dockerignore", id="directory"),
        pytest.param("*\n!requirements.txt\n", "speech/.dockerignore", id="all but"),
        pytest.param("src\n", "speech/Dockerfile.dockerignore", id="the Dockerfile's own"),
    ],
)
def test_ignored(fleet: SoundFleet, ignore: str, file: str):
    fleet.write(file, ignore)
    assert fleet.found() == [("copy-source", "speech/Dockerfile", 7, "speech")]
    finding = fleet.lint()[0]
    assert (
        finding.message == f"COPY source src is dropped by {file}"
        and finding.fix == f"add a line !src to {file}"
    )


@pytest.mark.parametrize("ignore", ["*.md\n", "src\n!src\n", "src\n!src/main.py\n", "**/*.pyc\n"])
def test_not_ignored(fleet: SoundFleet, ignore: str):
    fleet.write("speech/.dockerignore", ignore)
    assert fleet.found() == []


def test_what_cannot_be_known_is_not_found(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "COPY src", "COPY $SET_IN_THE_BASE")
    assert fleet.found() == []


@pytest.mark.parametrize(("name", "context"), [("lone", "."), ("speech", "speech")])
def test_the_context_is_named(fleet: SoundFleet, name: str, context: str):
    fleet.edit(f"{name}/Dockerfile", "EXPOSE", "COPY nothing /x\nEXPOSE")
    assert [each.message for each in fleet.lint()] == [f"COPY source nothing is not in the context {context}"]
