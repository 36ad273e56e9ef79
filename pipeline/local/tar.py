"""Trees to and from tar archives; equal trees give equal bytes."""

import hashlib
import io
import tarfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO

from pipeline.errors import EngineError
from pipeline.local.blobs import Blobs
from pipeline.local.patterns import with_parents
from pipeline.local.tree import Entry, Kind, Tree

MTIME = 946_684_800  # 2000-01-01: trees know no times, and zip files none before 1980
PIECE = 1 << 20  # bytes
IN_MEMORY = 4 << 20  # bytes
OTHERS = {
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
    tarfile.FIFOTYPE: "named pipe",
}
END = bytes(2 * tarfile.BLOCKSIZE)
PARENT = Entry(Kind.DIRECTORY, 0o755)


def tar_of(entries: Iterable[tuple[str, Entry]], blobs: Blobs) -> Iterator[bytes]:
    """An archive of (name, entry), reading one file at a time."""
    for name, entry in entries:
        if entry.kind is Kind.FILE:
            with blobs.path(entry.content).open("rb") as file:
                yield from member(name, entry, file)
        else:
            yield from member(name, entry)
    yield END


def member(name: str, entry: Entry, content: IO[bytes] | None = None) -> Iterator[bytes]:
    """One entry of an archive, with the content of a file."""
    header = tarfile.TarInfo(name)
    header.mode, header.mtime, header.uid, header.gid = entry.mode, MTIME, entry.uid, entry.gid
    match entry.kind:
        case Kind.FILE:
            header.size = entry.size
        case Kind.DIRECTORY:
            header.type = tarfile.DIRTYPE
        case Kind.SYMLINK:
            header.type, header.linkname = tarfile.SYMTYPE, entry.content
        case Kind.OTHER:
            kind, _, numbers = entry.content.rpartition(" ")
            header.type = next(each for each, name in OTHERS.items() if name == kind)
            header.devmajor, header.devminor = map(int, numbers.split(":"))
    yield header.tobuf(tarfile.PAX_FORMAT)
    while content and (piece := content.read(PIECE)):
        yield piece
    yield bytes(-header.size % tarfile.BLOCKSIZE)


def file_member(name: str, file: IO[bytes]) -> Iterator[bytes]:
    """A whole file of an archive, from its beginning."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return member(name, Entry(Kind.FILE, 0o644, size=size), file)


def digest_of(file: IO[bytes]) -> str:
    """``sha256:<64 hex>`` of a whole file."""
    file.seek(0)
    return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"  # type: ignore[arg-type]


def text_member(name: str, data: bytes) -> Iterator[bytes]:
    """A small file of an archive."""
    return file_member(name, io.BytesIO(data))


def layer_of(tree: Tree, blobs: Blobs, *, removed: Iterable[str] = ()) -> Iterator[bytes]:
    """A tree as an image layer; ``removed`` paths of the layers below are hidden."""
    for path in sorted(removed):
        yield from text_member(_whiteout(path, tree), b"")
    yield from tar_of(((path, tree.entries[path]) for path in tree.paths), blobs)


def _whiteout(path: str, tree: Tree) -> str:
    """https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts."""
    entry = tree.entries.get(path)
    if entry is not None and entry.kind is Kind.DIRECTORY:
        return f"{path}/.wh..wh..opq"
    parent, slash, name = path.rpartition("/")
    return f"{parent}{slash}.wh.{name}"


async def spooled(chunks: AsyncIterator[bytes]) -> IO[bytes]:
    """Everything that comes, from its beginning; in memory as long as it is small."""
    out = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by who reads it
    async for chunk in chunks:
        out.write(chunk)
    out.seek(0)
    return out


def read_tree(source: IO[bytes], blobs: Blobs, *, prefix: str = "") -> Tree:
    """The tree in an archive; ``prefix`` ("etc/", "/") is taken off every name.

    Raises EngineError for a name that is absolute or leads out, for what lies below a link or a file, for a
    hard link to what is not there, and for a broken archive.
    """
    entries: dict[str, Entry] = {}
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for header in archive:
                if path := _inside(header.name, prefix):
                    entries[path] = _entry(header, archive, blobs, entries, prefix)
    except tarfile.TarError as error:
        raise EngineError(f"archive: {error}") from error
    missing = {parent for path in entries for parent in with_parents(path)} - entries.keys()
    tree = Tree(entries | dict.fromkeys(missing, PARENT))
    for path in tree.paths:
        parent = path.rpartition("/")[0]
        if parent and tree.entries[parent].kind is not Kind.DIRECTORY:
            raise EngineError(f"archive: {path!r} lies below {parent!r}, which is no directory")
    return tree


def _inside(name: str, prefix: str) -> str:
    path = f"{name}/".removeprefix(prefix)
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if path.startswith("/"):
        raise EngineError(f"archive: {name!r} is an absolute name")
    if ".." in parts:
        raise EngineError(f"archive: {name!r} leads out of it")
    return "/".join(parts)


def _entry(
    header: tarfile.TarInfo, archive: tarfile.TarFile, blobs: Blobs, known: Mapping[str, Entry], prefix: str
) -> Entry:
    mode, uid, gid = header.mode & 0o7777, header.uid, header.gid
    if header.isdir():
        return Entry(Kind.DIRECTORY, mode, uid, gid)
    if header.issym():
        return Entry(Kind.SYMLINK, 0o777, uid, gid, content=header.linkname)
    if header.islnk():
        linked = known.get(_inside(header.linkname, prefix))
        if linked is None:
            raise EngineError(
                f"archive: {header.name!r} is a link to {header.linkname!r}, which is not in it"
            )
        return linked
    if kind := OTHERS.get(header.type):
        told = f"{kind} {header.devmajor}:{header.devminor}"
        return Entry(Kind.OTHER, mode, uid, gid, content=told)
    content = archive.extractfile(header)
    if content is None:
        raise EngineError(f"archive: {header.name!r} is of an unknown type")
    return Entry(Kind.FILE, mode, uid, gid, size=header.size, content=blobs.add_stream(content))
