import pytest
from sound_fleet import SoundFleet


def test_a_file_that_others_cannot_read(fleet: SoundFleet):
    (fleet.root / "speech/src/main.py").chmod(0o640)
    assert fleet.found() == [("private-file", "speech/Dockerfile", 7, "speech")]
    assert fleet.lint()[0].fix == "chmod o=rX speech/src/main.py"
    assert fleet.lint()[0].message == "speech/src/main.py cannot be read by others"


def test_a_clone_under_umask_077(fleet: SoundFleet):
    for path in fleet.root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    found = fleet.lint()
    assert {(each.rule, each.subject) for each in found} == {
        ("private-file", "speech"),
        ("private-file", "lone"),
    }
    speech = next(each for each in found if each.subject == "speech")
    assert speech.line == 3 and "and 1 more" in speech.message


def test_a_file_that_nothing_copies_may_be_private(fleet: SoundFleet):
    fleet.write("speech/secret", "x")
    (fleet.root / "speech/secret").chmod(0o600)
    assert fleet.found() == []


def test_an_ignored_one_too(fleet: SoundFleet):
    fleet.write("speech/src/secret", "x")
    (fleet.root / "speech/src/secret").chmod(0o600)
    fleet.write("speech/.dockerignore", "src/secret\n")
    assert fleet.found() == []


@pytest.mark.parametrize(("count", "end"), [(5, "f4.py"), (6, "f4.py …")])
def test_a_long_fix_is_cut(fleet: SoundFleet, count: int, end: str):
    for index in range(count):
        fleet.write(f"speech/src/f{index}.py", "")
        (fleet.root / f"speech/src/f{index}.py").chmod(0o600)
    assert fleet.lint()[0].fix.endswith(f"/{end}")
