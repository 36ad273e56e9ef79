"""Directories and files through the client, without any Docker."""

import asyncio
import os
import stat
from pathlib import Path

import dagger
import pytest
from dagger import Client, ExistsType


def built(client: Client, *paths: str) -> dagger.Directory:
    made = client.directory()
    for path in paths:
        made = made.with_new_file(path, path)
    return made


TAKEN = {
    "everything": ({}, ["a.py", "b/", "b/c.py", "b/d.txt", "e/", "e/f.txt"]),
    "include prunes what holds nothing": ({"include": ["**/*.py"]}, ["a.py", "b/", "b/c.py"]),
    "exclude keeps empty directories": ({"exclude": ["**/*.txt"]}, ["a.py", "b/", "b/c.py", "e/"]),
    "exclude a directory": ({"exclude": ["b"]}, ["a.py", "e/", "e/f.txt"]),
    "include a directory": ({"include": ["b"]}, ["b/", "b/c.py", "b/d.txt"]),
    "both": ({"include": ["b"], "exclude": ["**/*.py"]}, ["b/", "b/d.txt"]),
    "include what is then excluded": ({"include": ["e/*.txt"], "exclude": ["e/f.txt"]}, []),
    "exclude all but one": ({"exclude": ["*", "!b/c.py"]}, ["b/", "b/c.py"]),
    "nothing matches": ({"include": ["nope"]}, []),
}


@pytest.mark.parametrize(("patterns", "expected"), TAKEN.values(), ids=TAKEN)
async def test_filters_of_a_value_and_of_the_host_are_the_same(
    client: Client, tmp_path: Path, patterns: dict, expected: list[str]
) -> None:
    source = built(client, "a.py", "b/c.py", "b/d.txt", "e/f.txt")
    assert sorted(await source.filter(**patterns).glob("**")) == expected
    assert sorted(await client.directory().with_directory("/", source, **patterns).glob("**")) == expected
    await source.export(str(tmp_path))
    assert sorted(await client.host().directory(str(tmp_path), **patterns).glob("**")) == expected


async def test_a_folder_of_the_host_is_read_once_in_a_session(client: Client, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    assert await client.host().directory(str(tmp_path)).file("a").contents() == "1"
    (tmp_path / "a").write_text("2")
    assert await client.host().directory(str(tmp_path)).file("a").contents() == "1"
    assert await client.host().directory(str(tmp_path), no_cache=True).file("a").contents() == "2"
    assert await client.host().directory(str(tmp_path), exclude=["x"]).file("a").contents() == "2"


async def test_a_failure_is_not_remembered(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with pytest.raises(dagger.QueryError, match="later: no such file or directory"):
        await client.host().directory(str(folder)).entries()
    folder.mkdir()
    assert await client.host().directory(str(folder)).entries() == []


async def test_pipes_and_sockets_are_named_and_can_be_excluded(client: Client, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(dagger.QueryError, match=r"pipe is a socket, pipe or device: exclude it"):
        await client.host().directory(str(tmp_path)).entries()
    assert await client.host().directory(str(tmp_path), exclude=["pipe"]).entries() == []


async def test_modes_and_links_of_the_host_arrive_and_leave(client: Client, tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "d").mkdir(parents=True)
    (source / "d/run").write_bytes(b"\x00\xff")
    (source / "d/run").chmod(0o751)
    (source / "link").symlink_to("d/run")
    (source / "dangling").symlink_to("/no/such")
    (source / "d").chmod(0o500)
    target = tmp_path / "out"
    await client.host().directory(str(source)).export(str(target))
    assert stat.S_IMODE((target / "d").stat().st_mode) == 0o500
    assert stat.S_IMODE((target / "d/run").stat().st_mode) == 0o751
    assert (target / "d/run").read_bytes() == b"\x00\xff"
    assert [str((target / name).readlink()) for name in ("link", "dangling")] == ["d/run", "/no/such"]


async def test_exporting_goes_beside_what_is_there(client: Client, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/x").touch()
    (tmp_path / "a").write_text("old")
    assert await built(client, "a", "b/c").export(str(tmp_path)) == str(tmp_path)
    assert (tmp_path / "old/x").exists()
    assert (tmp_path / "a").read_text() == "a"


async def test_exporting_never_leaves_the_folder_through_a_link(client: Client, tmp_path: Path) -> None:
    (outside := tmp_path / "outside").mkdir()
    (target := tmp_path / "target").mkdir()
    (target / "d").symlink_to(outside)
    (target / "f").symlink_to(outside / "f")
    await built(client, "d/sub/x", "f").export(str(target))
    assert list(outside.iterdir()) == []
    assert (target / "d/sub/x").read_text() == "d/sub/x"
    assert (target / "f").read_text() == "f"
    assert not (target / "f").is_symlink()


async def test_a_file_goes_to_its_path(client: Client, tmp_path: Path) -> None:
    one = built(client, "d/one").file("d/one")
    assert await one.export(str(tmp_path / "new/name")) == str(tmp_path / "new/name")
    with pytest.raises(dagger.QueryError, match="is a directory"):
        await one.export(str(tmp_path))
    assert (tmp_path / "new/name").read_text() == "d/one"


async def test_what_is_at_a_path(client: Client) -> None:
    there = built(client, "d/x").with_symlink("d", "link")
    assert await there.exists("link/x")
    assert await there.exists("link", expected_type=ExistsType.SYMLINK_TYPE)
    assert not await there.exists("d", expected_type=ExistsType.REGULAR_TYPE)
    assert await there.stat("d/x").size() == 3
    assert str(await there.stat("link", do_not_follow_symlinks=True).file_type()) == "SYMLINK"
    assert str(await there.stat("link").file_type()) == "DIRECTORY"


async def test_files_are_copied_below_a_directory_or_to_a_name(client: Client) -> None:
    one = client.file("one", "1", permissions=0o600)
    there = built(client, "d/x").with_file("d", one).with_file("new", one).with_file("e/", one)
    assert sorted(await there.glob("**")) == ["d/", "d/one", "d/x", "e/", "e/one", "new"]
    assert await there.stat("new").permissions() == 0o600
    assert await there.with_file("new", one, permissions=0o644).stat("new").permissions() == 0o644


async def test_changes_can_be_named_and_made_elsewhere(client: Client, tmp_path: Path) -> None:
    before = built(client, "same", "gone", "d/changed")
    after = before.without_file("gone").with_new_file("d/changed", "!").with_new_file("e/new", "n")
    changes = after.changes(before)
    assert await changes.added_paths() == ["e/", "e/new"]
    assert await changes.removed_paths() == ["gone"]
    assert await changes.modified_paths() == ["d/changed"]
    assert not await changes.is_empty()
    assert await before.changes(before).is_empty()
    await before.export(str(tmp_path))
    await changes.export(str(tmp_path))
    assert sorted(await client.host().directory(str(tmp_path)).glob("**")) == sorted(await after.glob("**"))


async def test_what_changes_remove(client: Client, tmp_path: Path) -> None:
    before = built(client, "d/gone", "d/e/gone", "kept/gone", "linked/gone")
    after = client.directory().with_new_directory("kept")
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    await before.export(str(inside))
    (inside / "kept/other").write_text("of somebody else")
    (inside / "linked/gone").unlink()
    (inside / "linked").rmdir()
    outside.mkdir()
    (outside / "gone").write_text("not ours")
    (inside / "linked").symlink_to(outside)
    await after.changes(before).export(str(inside))
    assert sorted(path.name for path in inside.rglob("*")) == ["kept", "other"]
    assert (outside / "gone").exists()


async def test_digests_of_files_know_metadata(client: Client) -> None:
    one, same, other = (client.file("a", "x", permissions=mode) for mode in (0o644, 0o644, 0o600))
    assert await one.digest() == await same.digest() != await other.digest()


async def test_many_at_once_each_get_their_own_answer(client: Client) -> None:
    async def one(nth: int) -> str:
        return await client.directory().with_new_file("f", str(nth)).file("f").contents()

    assert await asyncio.gather(*map(one, range(50))) == [str(nth) for nth in range(50)]
