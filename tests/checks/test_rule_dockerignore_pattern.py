import pytest
from sound_fleet import SoundFleet


@pytest.mark.parametrize("pattern", ["[", "!", "docs/[z-a]", "x\\"])
def test_refused(fleet: SoundFleet, pattern: str):
    fleet.write(".dockerignore", f"# comment\n{pattern}\n")
    assert [each for each in fleet.found() if each[0] == "dockerignore-pattern"] == [
        ("dockerignore-pattern", ".dockerignore", 2, "torch")
    ]


@pytest.mark.parametrize("pattern", ["[a-z].md", "! keep", "**/x", "\\[", "#["])
def test_accepted(fleet: SoundFleet, pattern: str):
    fleet.write(".dockerignore", f"{pattern}\n")
    assert fleet.found() == []
