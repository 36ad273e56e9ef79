"""A session's folder goes with it, or with the next session if its process was killed. Nothing else does."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.folders import TEMPORARY, sweep, temporary, temporary_folder

PREFIX = TEMPORARY[0]

LOCKS_AND_DIES = """
import os, signal, sys, tempfile
from pipeline.folders import temporary_folder
tempfile.tempdir = sys.argv[1]
with temporary_folder("pipeline-engine-") as folder:
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def swept(place: Path) -> None:
    sweep(temporary(place))


def aged(folder: Path) -> Path:
    os.utime(folder, (1, 1))
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_it_is_private_and_goes_with_the_session(place: Path) -> None:
    with temporary_folder(PREFIX) as folder:
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_what_a_killed_process_left_is_removed(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOCKS_AND_DIES, str(place)], capture_output=True, text=True, check=False
    )
    left = aged(Path(done.stdout.strip()))
    assert left.is_dir()
    with temporary_folder(PREFIX):
        assert not left.exists()


def test_that_of_a_living_session_stays(place: Path) -> None:
    with temporary_folder(PREFIX) as folder:
        aged(folder)
        swept(place)
        assert folder.is_dir()


@pytest.mark.parametrize("prefix", TEMPORARY)
@pytest.mark.parametrize("held", [True, False], ids=["living", "dead"])
def test_those_of_processes_that_it_works_for_go_with_their_owner(
    place: Path, prefix: str, *, held: bool
) -> None:
    folder = place / f"{prefix}x"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        if held:
            fcntl.flock(lock, fcntl.LOCK_EX)
        aged(folder)
        swept(place)
        assert folder.exists() is held


def test_two_that_look_at_the_same_moment_both_find_it_dead(place: Path) -> None:
    left = place / f"{PREFIX}x"
    left.mkdir()
    (left / "lock").touch()
    aged(left)
    with (left / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # as the other one does for a moment
        swept(place)
    assert not left.exists()


def test_a_new_one_whose_owner_is_about_to_lock_it_stays(place: Path) -> None:
    (place / f"{PREFIX}new").mkdir()
    swept(place)
    assert (place / f"{PREFIX}new").is_dir()


def test_bystanders_stay(place: Path) -> None:
    (outside := place / "outside").mkdir()
    (place / f"{PREFIX}link").symlink_to(outside)
    (place / f"{PREFIX}file").touch()
    aged(place / f"{PREFIX}file")
    (place / "pipeline-other").mkdir()
    aged(place / "pipeline-other")
    swept(place)
    assert {path.name for path in place.iterdir()} == {
        "outside",
        f"{PREFIX}link",
        f"{PREFIX}file",
        "pipeline-other",
    }
