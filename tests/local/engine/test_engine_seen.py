"""Files that are known are not read again, and what has changed is never taken for known."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from folder_edits import EDITS, change_mode, grow, on_disk, remove, replace, rewrite, tick
from hypothesis import given, settings
from hypothesis import strategies as some

from pipeline.local.blobs import Blobs
from pipeline.local.engine import seen as rules
from pipeline.local.engine import walk
from pipeline.local.engine.seen import SETTLED, Seen, seen_of
from pipeline.local.patterns import Filter
from pipeline.local.tree import Kind, Tree


@pytest.fixture
def at_once(tmp_path: Path) -> Iterator[None]:
    """Files are known as soon as they were read, on whatever file system the tests are."""
    with patch.object(rules, "SETTLED", 0.0), _trusting(tmp_path):
        yield


def _trusting(folder: Path):
    return patch.object(walk, "trusted_devices", lambda: {folder.stat().st_dev})


def taken(folder: Path, home: Path, store: Path) -> tuple[Tree, Blobs]:
    """The folder as a run of its own finds it, with an empty store of contents."""
    blobs, known = Blobs(store / os.urandom(8).hex()), seen_of(folder, place=home)
    tree = walk.walked(folder, Filter(), walk.taker(blobs, known))
    known.save()
    return tree, blobs


def in_tree(tree: Tree, blobs: Blobs) -> dict[str, object]:
    def of(path: str) -> object:
        entry = tree.entries[path]
        if entry.kind is Kind.SYMLINK:
            return entry.content
        if entry.kind is Kind.DIRECTORY:
            return None
        data = blobs.read(entry.content)
        assert hashlib.sha256(data).hexdigest() == entry.content
        return entry.mode, data

    return {path: of(path) for path in tree.paths}


@settings(max_examples=12)
@given(steps=some.lists(some.tuples(some.sampled_from(EDITS), some.integers(0, 5)), min_size=4, max_size=8))
def test_however_a_file_is_edited_what_lies_there_is_taken(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Callable[[Path], None], int]]
) -> None:
    place = tmp_path_factory.mktemp("edits")
    folder, home = place / "folder", place / "home"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_bytes(name.encode() * 50)
    with patch.object(rules, "SETTLED", 0.0), _trusting(folder):
        for edit, nth in [*steps, (change_mode, 0)]:
            tick()
            tree, blobs = taken(folder, home, place)
            assert in_tree(tree, blobs) == on_disk(folder)
            files = sorted(each for each in folder.iterdir() if each.is_file() and not each.is_symlink())
            edit(files[nth % len(files)])
            tick()


@pytest.mark.usefixtures("at_once")
def test_what_is_known_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "f").write_bytes(b"one")
    tick()
    first, _ = taken(folder, tmp_path / "home", tmp_path)
    with patch.object(Blobs, "add_file", side_effect=AssertionError("it was read")):
        again, blobs = taken(folder, tmp_path / "home", tmp_path)
    assert again == first
    assert in_tree(again, blobs) == on_disk(folder)


@pytest.mark.parametrize(
    ("later", "known"),
    [
        pytest.param(SETTLED + 1, True, id="left alone"),
        pytest.param(SETTLED - 1, False, id="just written"),
        pytest.param(-100, False, id="written in the future"),
    ],
)
def test_what_was_just_written_is_read_again(tmp_path: Path, later: float, known: bool) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"one")
    noted, found = Seen(), file.lstat()
    noted.note(file, found, "sha", began=found.st_ctime + later)
    assert bool(noted.content(file, found)) is known


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"one")
    noted, found = Seen(), file.lstat()
    grow(file)
    noted.note(file, found, "sha", began=found.st_ctime + SETTLED + 1)
    assert not noted.known


@pytest.mark.usefixtures("at_once")
def test_a_file_system_that_does_not_keep_ctime_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/f").write_bytes(b"one")
    tick()
    with patch.object(walk, "trusted_devices", set):
        taken(tmp_path / "folder", tmp_path / "home", tmp_path)
    assert not (tmp_path / "home").exists()


def test_devices_are_those_of_mounts() -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    assert bool(rules.trusted_devices()) == any(f" - {name} " in mounts for name in rules._KEEP_CTIME)
    assert Path("/proc").stat().st_dev not in rules.trusted_devices()


@pytest.mark.parametrize("edit", [rewrite, replace, grow])
def test_what_has_changed_since_it_was_looked_at_is_not_kept_as_known(
    tmp_path: Path, edit: Callable[[Path], None]
) -> None:
    file, blobs = tmp_path / "f", Blobs(tmp_path / "blobs")
    file.write_bytes(b"one")
    found = file.lstat()
    tick()
    edit(file)
    assert not blobs.add_known("ab" * 32, file, found)
    assert not blobs.path("ab" * 32).exists()
    assert not [*blobs.root.glob("partial-*")]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("edit", [rewrite, replace, grow, remove])
def test_an_edit_after_a_folder_was_taken_changes_nothing_of_it(
    tmp_path: Path, edit: Callable[[Path], None]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "f").write_bytes(b"one")
    for _ in ("read", "known"):
        tick()
        tree, blobs = taken(folder, tmp_path / "home", tmp_path)
    before = on_disk(folder)
    edit(folder / "f")
    assert in_tree(tree, blobs) == before != on_disk(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": [1, 2]}', '"x"', "\0"])
def test_what_was_kept_badly_is_nothing(tmp_path: Path, text: str) -> None:
    kept = seen_of(tmp_path, place=tmp_path).file
    assert kept
    kept.write_text(text)
    assert seen_of(tmp_path, place=tmp_path).known == {}


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_FILES", 2)
    monkeypatch.setattr(rules, "MOST_FOLDERS", 3)
    (tmp_path / "tmp-of-a-killed-process").write_text("{")
    os.utime(tmp_path / "tmp-of-a-killed-process", (1, 1))
    for number in range(5):
        known = seen_of(Path(f"/folder/{number}"), place=tmp_path)
        known.known = {f"{each}": ((each,), "sha") for each in range(4)}
        known.changed = True
        known.save()
        assert known.file
        os.utime(known.file, (number + 2, number + 2))
    files = [seen_of(Path(f"/folder/{number}"), place=tmp_path) for number in range(5)]
    assert [len(each.known) for each in files] == [0, 0, 2, 2, 2]
    assert len(list(tmp_path.iterdir())) == 3
    assert list(json.loads(files[4].file.read_text() if files[4].file else "")) == ["2", "3"]


def test_a_home_that_cannot_be_written_to_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    Seen(file=tmp_path / "home" / "x.json", changed=True).save()
