"""Tar archives: what a tree becomes as a layer, and what of an archive becomes a tree."""

import io
import tarfile
from pathlib import Path

import pytest

from pipeline.errors import EngineError
from pipeline.local.blobs import Blobs
from pipeline.local.engine.edits import EMPTY, put
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
    assert read_tree(io.BytesIO(layer), blobs, strip=False).digest == sample(blobs).digest


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
    found = read_tree(source, blobs, strip=True)
    assert found.paths == ("a", "a/b")
    assert found.entries["a/b"].mode == 0o640
    assert blobs.read(found.entries["a/b"].content) == b"1"


def test_hard_links_are_copies(blobs: Blobs) -> None:
    source = tar(("x/a", tarfile.REGTYPE, {"content": b"1"}), ("x/b", tarfile.LNKTYPE, {"linkname": "x/a"}))
    found = read_tree(source, blobs, strip=True)
    assert found.entries["b"] == found.entries["a"]


def test_devices_and_pipes_are_left_out(blobs: Blobs) -> None:
    source = tar(("null", tarfile.CHRTYPE, {}), ("pipe", tarfile.FIFOTYPE, {}), ("f", tarfile.REGTYPE, {}))
    assert read_tree(source, blobs, strip=False).paths == ("f",)


HOSTILE = {
    "climbing": [("../x", tarfile.REGTYPE, {})],
    "climbing later": [("a/../../x", tarfile.REGTYPE, {})],
    "absolute and climbing": [("/a/../../x", tarfile.REGTYPE, {})],
    "a hard link that climbs": [("x", tarfile.LNKTYPE, {"linkname": "../../etc/passwd"})],
    "a hard link to what is not there": [("x", tarfile.LNKTYPE, {"linkname": "etc/passwd"})],
}


@pytest.mark.parametrize("headers", HOSTILE.values(), ids=HOSTILE)
def test_names_that_lead_out_are_refused(blobs: Blobs, headers: list) -> None:
    with pytest.raises(EngineError, match="archive"):
        read_tree(tar(*headers), blobs, strip=False)


def test_an_absolute_name_stays_inside(blobs: Blobs) -> None:
    assert read_tree(tar(("/etc/x", tarfile.REGTYPE, {})), blobs, strip=False).paths == ("etc", "etc/x")


def test_blobs_are_named_by_what_they_hold(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert blobs.add_file(tmp_path / "f") == blobs.add_bytes(b"abc") == sha
    assert blobs.read(sha) == b"abc"
    assert [path.name for path in blobs.root.iterdir()] == ["ba"], "nothing half-written is left"


def test_an_unknown_blob_is_an_error(blobs: Blobs) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.read("0" * 64)
