import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize("pattern", ["src/*.py", "s?c", "[a-s]rc", "*"])
def test_matches(fleet: SoundFleet, pattern: str):
    fleet.edit("speech/Dockerfile", "COPY src", f"COPY {pattern}")
    assert fleet.found() == []


@pytest.mark.parametrize("pattern", ["src/*.pyx", "*.py", "s?", "[b-c]*"])
def test_matches_nothing(fleet: SoundFleet, pattern: str):
    fleet.edit("speech/Dockerfile", "COPY src", f"COPY {pattern}")
    assert fleet.found() == [("copy-pattern", "speech/Dockerfile", 7, "speech")]
    assert fleet.lint()[0].severity == "warning"


def test_all_that_matches_is_ignored(fleet: SoundFleet):
    fleet.write(".dockerignore", "**/main.py\n")
    assert fleet.found() == [("copy-pattern", "lone/Dockerfile", 3, "lone")]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("lib[b]", 0), ("a/wallet.ss[o]", 0), ("lib[bc]", 1), ("li?[b]", 1), ("li[^a-z]", 1)],
)
def test_a_file_that_may_be_absent(fleet: SoundFleet, pattern: str, count: int):
    fleet.edit("lone/Dockerfile", "EXPOSE", f"COPY {pattern} /x/\nEXPOSE")
    found = [each for each in fleet.found() if each[0] == "copy-pattern"]
    assert len(found) == count
