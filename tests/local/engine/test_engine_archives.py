"""Tar archives: what a tree becomes as a layer, and what of an archive becomes a tree."""

import io
import resource
import tarfile
from pathlib import Path

import pytest

from pipeline.errors import EngineError
from pipeline.local.blobs import Blobs
from pipeline.local.docker.filesync import stat_of
from pipeline.local.engine.edits import EMPTY, put
from pipeline.local.engine.export import write_out
from pipeline.local.engine.failures import QueryError
from pipeline.local.tar import layer_of, read_tree
from pipeline.local.tree import Entry, Kind, Tree


def tar(*headers: tuple[str, bytes, dict]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, more in headers:
            header = tarfile.TarInfo(name)
            header.type, content = kind, more.pop("content", b"")
            header.size = len(content)
            for key, value in more.items():
                setattr(header, key, value)
            archive.addfile(header, io.BytesIO(content))
    out.seek(0)
    return out


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def sample(blobs: Blobs) -> Tree:
    made = put(EMPTY, "d/f", Entry(Kind.FILE, 0o4755, 1, 2, size=3, content=blobs.add_bytes(b"abc")))
    made = put(made, "d/é", Entry(Kind.FILE, 0o600, size=0, content=blobs.add_bytes(b"")))
    return put(made, "link", Entry(Kind.SYMLINK, 0o777, content="d/f"))


def test_a_tree_comes_back_as_it_was(blobs: Blobs) -> None:
    layer = b"".join(layer_of(sample(blobs), blobs))
    assert read_tree(io.BytesIO(layer), blobs).digest == sample(blobs).digest


def test_equal_trees_give_equal_bytes(blobs: Blobs) -> None:
    other = Tree(dict(reversed(list(sample(blobs).entries.items()))))
    assert b"".join(layer_of(sample(blobs), blobs)) == b"".join(layer_of(other, blobs))


def test_removed_paths_are_whited_out(blobs: Blobs) -> None:
    layer = b"".join(layer_of(sample(blobs), blobs, removed=["x/gone", "top", "d"]))
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        names = archive.getnames()
    assert names[:3] == ["d/.wh..wh..opq", ".wh.top", "x/.wh.gone"]


def test_the_first_part_of_names_is_taken_off(blobs: Blobs) -> None:
    source = tar(
        ("app/", tarfile.DIRTYPE, {}), ("app/a/b", tarfile.REGTYPE, {"content": b"1", "mode": 0o640})
    )
    found = read_tree(source, blobs, prefix="app/")
    assert found.paths == ("a", "a/b")
    assert found.entries["a/b"].mode == 0o640
    assert blobs.read(found.entries["a/b"].content) == b"1"


def test_hard_links_are_copies(blobs: Blobs) -> None:
    source = tar(("x/a", tarfile.REGTYPE, {"content": b"1"}), ("x/b", tarfile.LNKTYPE, {"linkname": "x/a"}))
    found = read_tree(source, blobs, prefix="x/")
    assert found.entries["b"] == found.entries["a"]


OTHERS = [
    ("null", tarfile.CHRTYPE, {"devmajor": 1, "devminor": 3, "mode": 0o666}),
    ("disk", tarfile.BLKTYPE, {"devmajor": 8, "devminor": 0, "uid": 6}),
    ("pipe", tarfile.FIFOTYPE, {}),
]


def test_devices_and_pipes_go_from_container_to_container(blobs: Blobs) -> None:
    found = read_tree(tar(*[(name, kind, dict(more)) for name, kind, more in OTHERS]), blobs)
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer_of(found, blobs)))) as layer:
        passed = {item.name: (item.type, item.devmajor, item.devminor, item.mode) for item in layer}
    assert passed == {
        "null": (tarfile.CHRTYPE, 1, 3, 0o666),
        "disk": (tarfile.BLKTYPE, 8, 0, 0o644),
        "pipe": (tarfile.FIFOTYPE, 0, 0, 0o644),
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("null", "dev/null is a character device 1:3, not a file, directory or link: leave it out"),
        ("disk", "dev/disk is a block device 8:0, not a file, directory or link: leave it out"),
        ("pipe", "dev/pipe is a named pipe, not a file, directory or link: leave it out"),
    ],
)
def test_devices_and_pipes_reach_no_host_and_no_build(
    blobs: Blobs, tmp_path: Path, name: str, told: str
) -> None:
    headers = [(f"dev/{each}", kind, dict(more)) for each, kind, more in OTHERS if each == name]
    target = tmp_path / "out"
    (target / "kept").mkdir(parents=True)
    with pytest.raises(EngineError) as failed:
        write_out(read_tree(tar(*headers), blobs), target, blobs)
    assert str(failed.value) == told
    assert [path.name for path in target.iterdir()] == ["kept"], "refused before anything was touched"
    with pytest.raises(EngineError, match=told):
        stat_of("dev/" + name, read_tree(tar(*headers), blobs).entries["dev/" + name])


# What is in the archive, and what is said of it.
HOSTILE = {
    "climbing": ([("../x", tarfile.REGTYPE, {})], "'../x' leads out of it"),
    "climbing later": ([("a/../../x", tarfile.REGTYPE, {})], "'a/../../x' leads out of it"),
    "climbing by a directory": ([("a/..", tarfile.DIRTYPE, {})], "'a/..' leads out of it"),
    "absolute": ([("/etc/x", tarfile.REGTYPE, {})], "'/etc/x' is an absolute name"),
    "absolute with more slashes": ([("//etc/x", tarfile.REGTYPE, {})], "'//etc/x' is an absolute name"),
    "absolute and climbing": ([("/a/../../x", tarfile.REGTYPE, {})], "is an absolute name"),
    "a hard link that climbs": (
        [("x", tarfile.LNKTYPE, {"linkname": "../../etc/passwd"})],
        "'../../etc/passwd' leads out of it",
    ),
    "an absolute hard link": (
        [("x", tarfile.LNKTYPE, {"linkname": "/etc/passwd"})],
        "'/etc/passwd' is an absolute name",
    ),
    "a hard link to what is not there": (
        [("x", tarfile.LNKTYPE, {"linkname": "etc/passwd"})],
        "'x' is a link to 'etc/passwd', which is not in it",
    ),
    "a file below a link": (
        [("out", tarfile.SYMTYPE, {"linkname": "/etc"}), ("out/passwd", tarfile.REGTYPE, {})],
        "'out/passwd' lies below 'out', which is no directory",
    ),
    "a link that takes a directory's place": (
        [
            ("out", tarfile.DIRTYPE, {}),
            ("out/x", tarfile.REGTYPE, {}),
            ("out", tarfile.SYMTYPE, {"linkname": ".."}),
        ],
        "'out/x' lies below 'out', which is no directory",
    ),
    "a file below a file": (
        [("f", tarfile.REGTYPE, {}), ("f/g", tarfile.REGTYPE, {})],
        "'f/g' lies below 'f', which is no directory",
    ),
    "a file below a device": (
        [("d", tarfile.CHRTYPE, {}), ("d/g", tarfile.REGTYPE, {})],
        "'d/g' lies below 'd', which is no directory",
    ),
}


@pytest.mark.parametrize("prefix", ["", "app/"], ids=["whole", "stripped"])
@pytest.mark.parametrize(("headers", "told"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_archives_are_refused(blobs: Blobs, headers: list, told: str, prefix: str) -> None:
    with pytest.raises(EngineError) as failed:
        read_tree(tar(*[(name, kind, dict(more)) for name, kind, more in headers]), blobs, prefix=prefix)
    assert str(failed.value).startswith("archive: ")
    assert str(failed.value).endswith(told) and "\n" not in str(failed.value)


@pytest.mark.parametrize("broken", [b"no archive at all" * 100, b"x" * 511], ids=["noise", "short"])
def test_what_is_no_archive_is_refused(blobs: Blobs, broken: bytes) -> None:
    with pytest.raises(EngineError, match="archive: "):
        read_tree(io.BytesIO(broken), blobs)


def test_links_are_values_wherever_they_lead(blobs: Blobs, tmp_path: Path) -> None:
    """As on a Dagger engine: nothing is read or written through one."""
    outside = tmp_path / "outside"
    outside.write_text("mine")
    source = tar(("link", tarfile.SYMTYPE, {"linkname": str(outside)}))
    target = tmp_path / "out"
    write_out(read_tree(source, blobs), target, blobs)
    assert (target / "link").readlink() == outside
    write_out(put(EMPTY, "link", Entry(Kind.FILE, 0o644, content=blobs.add_bytes(b"new"))), target, blobs)
    assert ((target / "link").read_text(), outside.read_text()) == ("new", "mine")


def test_a_place_without_room_is_named_and_not_what_was_to_go_there(blobs: Blobs, tmp_path: Path) -> None:
    """NB: a bound on the size of files stands for a full disk."""
    large = Entry(Kind.FILE, 0o644, content=blobs.add_bytes(b"x" * 100_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(QueryError, match="File too large") as failed:
            write_out(put(EMPTY, "a/f", large), tmp_path / "out", blobs)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"export: {tmp_path}/out/a/" in str(failed.value)


def test_names_that_begin_with_the_root_are_dockers_for_the_whole_file_system(blobs: Blobs) -> None:
    source = tar(("/", tarfile.DIRTYPE, {}), ("/etc/x", tarfile.REGTYPE, {}))
    assert read_tree(source, blobs, prefix="/").paths == ("etc", "etc/x")


def test_blobs_are_named_by_what_they_hold(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert blobs.add_file(tmp_path / "f") == blobs.add_bytes(b"abc") == sha
    assert blobs.read(sha) == b"abc"
    assert [path.name for path in blobs.root.iterdir()] == ["ba"], "nothing half-written is left"


def test_an_unknown_blob_is_an_error(blobs: Blobs) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.read("0" * 64)
