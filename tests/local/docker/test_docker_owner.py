"""Whose process has ended, and whose only looks like it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import folders
from pipeline.local.docker import owner
from pipeline.local.docker.owner import is_dead, owner_of, run_folder, this_process


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(owner, "_place", lambda: tmp_path)
    return tmp_path


def test_a_run_reads_its_own_labels_and_no_one_elses() -> None:
    me = this_process()
    assert owner_of(me.labels()) == me
    assert owner_of({}) is None
    assert owner_of({"maintainer": "someone", "pipeline.local.run": "x"}) is None
    assert owner_of({**me.labels(), "pipeline.local.pid": "many"}) is None


def test_two_runs_of_one_process_are_two() -> None:
    assert this_process().run != this_process().run


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_who_is_dead() -> None:
    me = this_process()
    ended = replace(me, run="ended", pid=ended_process())
    cases = {
        "myself": (me, False),
        "an ended process": (ended, True),
        "another process under the old id": (replace(me, run="reused", started=me.started - 1), True),
        "before a reboot": (replace(me, run="old", boot="another"), True),
        "another machine": (replace(ended, boot="another", machine="another"), False),
        "another container of this machine": (replace(ended, namespace="pid:[1]"), False),
    }
    assert {name: is_dead(one, me) for name, (one, _) in cases.items()} == {
        name: dead for name, (_, dead) in cases.items()
    }


def test_a_held_lock_means_alive_whatever_the_process_id_says() -> None:
    me = this_process()
    lock = run_folder("elsewhere")
    ended = replace(me, run="elsewhere", pid=ended_process())
    assert not is_dead(ended, me)
    lock.remove()
    assert is_dead(ended, me)


def test_a_killed_process_lets_go_and_its_folder_is_removed(own_folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pipeline.local.docker import owner\n"
        f"owner._place = lambda: Path({str(own_folder)!r})\n"
        "lock = owner.run_folder('killed'); (lock.path / 'secret').write_text('x')\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"ready\n"
    living = run_folder("living")
    old = 1_000_000_000
    os.utime(own_folder / "killed", (old, old))
    os.utime(own_folder / "living", (old, old))
    folders.sweep(own_folder.iterdir())
    assert {path.name for path in own_folder.iterdir()} == {"killed", "living"}
    process.kill()
    process.wait()
    folders.sweep(own_folder.iterdir())
    assert {path.name for path in own_folder.iterdir()} == {"living"}
    living.remove()
    assert not list(own_folder.iterdir())


def test_the_folder_of_secrets_is_for_its_user_alone(own_folder: Path) -> None:
    lock = run_folder("mine")
    assert (own_folder / "mine").stat().st_mode & 0o077 == 0
    lock.remove()


def test_what_is_due_once_an_hour_is_one_runs_to_do(own_folder: Path) -> None:
    assert owner.due("trim", every=3600)
    assert not owner.due("trim", every=3600)
    assert owner.due("something else", every=3600)
    os.utime(own_folder / "trim.stamp", (0, 0))
    assert owner.due("trim", every=3600)
    assert not owner.due("trim", every=3600)


def test_stamps_survive_the_removal_of_dead_folders(own_folder: Path) -> None:
    owner.due("trim", every=3600)
    dead = own_folder / "dead"
    dead.mkdir()
    os.utime(dead, (0, 0))
    folders.sweep(own_folder.iterdir())
    assert [path.name for path in own_folder.iterdir()] == ["trim.stamp"]
