import pytest
from sound_fleet import SoundFleet

RUN = '{"version": 4, "fleet": "mainpc", "function": "run", "verdict": "passed"}'


@pytest.mark.parametrize("copy", ["COPY src /app/", "COPY . /app/", "COPY src/out/*.json /app/"])
def test_results_that_an_image_copies(fleet: SoundFleet, copy: str):
    fleet.edit("speech/Dockerfile", "COPY src /app/", copy)
    fleet.write("speech/src/out/run.json", RUN)
    (fleet.root / "speech/src/out").chmod(0o755)
    [finding] = [each for each in fleet.lint() if each.rule == "results-copied"]
    assert (finding.file, finding.line, finding.subject) == ("speech/Dockerfile", 7, "speech")
    assert finding.message == f"COPY {copy.split()[1]} reads speech/src/out/run.json, which a run has left"
    assert finding.fix == "add a line src/out to .dockerignore, or give `run -o` another place"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{}", id="no run"),
        pytest.param("[1]", id="no table"),
        pytest.param("run", id="no JSON"),
        pytest.param('{"version": 1, "scripts": {}}', id="another program's"),
    ],
)
def test_a_file_of_that_name_only(fleet: SoundFleet, text: str):
    fleet.write("speech/src/run.json", text)
    assert fleet.found() == []


def test_results_that_nothing_copies(fleet: SoundFleet):
    fleet.write("out/run.json", RUN)
    fleet.write("speech/out/run.json", RUN)
    assert fleet.found() == []
