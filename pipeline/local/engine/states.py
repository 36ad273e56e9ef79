"""What values stand for once evaluated, apart from containers and services."""

from dataclasses import dataclass, field

from pipeline.local.engine.edits import EMPTY
from pipeline.local.tree import Entry, Kind, Tree


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Files as a value; ``name`` is the last part of the path it was taken from, "/" for a root."""

    tree: Tree = EMPTY
    name: str = "/"

    def located(self, path: str) -> str:
        """The path itself: as of a container, which has a working directory."""
        return path


@dataclass(frozen=True, kw_only=True)
class File:
    """One file; ``entry`` is of kind FILE."""

    name: str
    entry: Entry

    @property
    def size(self) -> int:
        """Bytes."""
        return self.entry.size

    @property
    def tree(self) -> Tree:
        """A directory with nothing else in it."""
        return Tree({self.name: self.entry})


@dataclass(frozen=True, kw_only=True)
class Stat:
    """What a path names; ``file_type`` is a FileType of the schema, ``permissions`` mode bits."""

    name: str
    file_type: str
    permissions: int
    size: int


FILE_TYPES = {
    Kind.FILE: "REGULAR",
    Kind.DIRECTORY: "DIRECTORY",
    Kind.SYMLINK: "SYMLINK",
    Kind.OTHER: "UNKNOWN",
}


def stat_of(name: str, entry: Entry) -> Stat:
    """What a Stat says of an entry."""
    size = len(entry.content.encode()) if entry.kind is Kind.SYMLINK else entry.size
    return Stat(name=name, file_type=FILE_TYPES[entry.kind], permissions=entry.mode, size=size)


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret by name; its plaintext is fetched from ``uri`` when needed, unless it was given."""

    name: str
    uri: str = ""
    given: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class CacheVolume:
    """A folder that outlives containers, shared by all who name its key."""

    key: str


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An environment variable or a label."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Port:
    """An exposed port; ``protocol`` is TCP or UDP."""

    port: int
    protocol: str
    description: str | None = None
    experimental_skip_healthcheck: bool = False

    @property
    def key(self) -> str:
        """As Docker writes it."""
        return f"{self.port}/{self.protocol.lower()}"


@dataclass(frozen=True, kw_only=True)
class Changeset:
    """What lies between two directories."""

    before: Directory
    after: Directory
