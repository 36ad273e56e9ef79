"""Trees to and from tar archives."""

import tarfile
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from pipeline.local.blobs import Blobs
from pipeline.local.engine.edits import ROOT, relative
from pipeline.local.engine.failures import QueryError
from pipeline.local.patterns import with_parents
from pipeline.local.tree import Entry, Kind, Tree

MOMENT = 315_532_800  # 1980-01-01 UTC: the same in every run, and the first that a ZIP archive can hold
IN_MEMORY = 4 << 20  # bytes
KINDS = {Kind.DIRECTORY: tarfile.DIRTYPE, Kind.FILE: tarfile.REGTYPE, Kind.SYMLINK: tarfile.SYMTYPE}


def write_layer(target: Path, tree: Tree, blobs: Blobs, *, removed: Iterable[str] = ()) -> None:
    """A tree as an image layer (uncompressed tar); equal trees give equal bytes.

    ``removed`` paths of the layers below are hidden (OCI image specification, "Whiteouts").
    """
    gone = sorted(removed)
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in gone:
            archive.addfile(_header(_whiteout(path, tree), Entry(Kind.FILE, 0o644)))
        for path in tree.paths:
            entry = tree.entries[path]
            if entry.kind is Kind.FILE:
                with blobs.path(entry.content).open("rb") as content:
                    archive.addfile(_header(path, entry), content)
            else:
                archive.addfile(_header(path, entry))


def _whiteout(path: str, tree: Tree) -> str:
    entry = tree.entries.get(path)
    if entry is not None and entry.kind is Kind.DIRECTORY:
        return f"{path}/.wh..wh..opq"
    parent, _, name = path.rpartition("/")
    return f"{parent}/.wh.{name}" if parent else f".wh.{name}"


def _header(path: str, entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(path)
    header.type, header.mode, header.mtime = KINDS[entry.kind], entry.mode, MOMENT
    header.uid, header.gid, header.size = entry.uid, entry.gid, entry.size
    if entry.kind is Kind.SYMLINK:
        header.linkname, header.size = entry.content, 0
    return header


async def spooled(chunks: AsyncIterator[bytes]) -> IO[bytes]:
    """Everything that comes, from its beginning; in memory as long as it is small."""
    out = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by who reads it
    async for chunk in chunks:
        out.write(chunk)
    out.seek(0)
    return out


def read_tree(source: IO[bytes], blobs: Blobs, *, strip: bool) -> Tree:
    """The tree in a tar archive; ``strip`` takes the first part off every name.

    Devices, pipes and sockets of a container's file system have no place in a tree and are left out. Raises
    QueryError
    for a name that leads out, and for a hard link to what is not there.
    """
    entries: dict[str, Entry] = {}
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for header in archive:
            path = _inside(header.name)
            path = path.partition("/")[2] if strip else path
            entry = _entry(header, archive, blobs, entries, strip=strip)
            if path and entry is not None:
                entries[path] = entry
    missing = {parent for path in entries for parent in with_parents(path)} - entries.keys()
    return Tree(entries | dict.fromkeys(missing, ROOT))


def _inside(name: str) -> str:
    path = relative(name)
    if path is None or (name.startswith("/") and ".." in name.split("/")):
        raise QueryError(f"archive: {name!r} leads out of it")
    return path


def _entry(
    header: tarfile.TarInfo,
    archive: tarfile.TarFile,
    blobs: Blobs,
    known: Mapping[str, Entry],
    *,
    strip: bool,
) -> Entry | None:
    mode, uid, gid = header.mode & 0o7777, header.uid, header.gid
    if header.isdir():
        return Entry(Kind.DIRECTORY, mode, uid, gid)
    if header.issym():
        return Entry(Kind.SYMLINK, 0o777, uid, gid, content=header.linkname)
    if header.islnk():
        target = _inside(header.linkname)
        linked = known.get(target.partition("/")[2] if strip else target)
        if linked is None:
            raise QueryError(f"archive: {header.name!r} is a link to {header.linkname!r}, which is not in it")
        return linked
    content = archive.extractfile(header) if header.isfile() else None
    if content is None:
        return None
    return Entry(Kind.FILE, mode, uid, gid, size=header.size, content=blobs.add_stream(content))
