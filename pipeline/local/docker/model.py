"""The plain values that go in and out of Docker Engine."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.local.tree import Entry, Kind, Tree


class ExecFailed(Exception):  # noqa: N818 - the name says what happened
    """A command that ended otherwise than expected, or a service that ended while it was needed: ``what``."""

    def __init__(
        self,
        *,
        command: Sequence[str],
        exit_code: int,
        stdout: bytes = b"",
        stderr: bytes = b"",
        what: str = "",
    ) -> None:
        super().__init__(what or f"exit code: {exit_code}")
        self.command = tuple(command)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr


@dataclass(frozen=True, kw_only=True)
class Auth:
    """Credentials for one registry."""

    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class DockerImage:
    """An image in Docker's store.

    ``config`` is Docker's image Config (Env, Cmd, Entrypoint, User, WorkingDir, Labels, ExposedPorts,
    Volumes, Healthcheck, StopSignal, Shell, OnBuild; absent keys are absent); ``layers`` are diff ids;
    ``platform`` is "linux/amd64"; ``digest`` the registry's ``sha256:…`` when it was pulled or pushed by
    this call.
    """

    id: str
    config: Mapping[str, Any]
    layers: tuple[str, ...]
    platform: str
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class DirectoryMount:
    """A writable copy of ``tree`` at ``target``; what a command writes there is lost."""

    target: str
    tree: Tree


@dataclass(frozen=True, kw_only=True)
class FileMount:
    """A writable copy of one file (an `Entry` of kind FILE) at ``target``."""

    target: str
    entry: Entry


@dataclass(frozen=True, kw_only=True)
class CacheMount:
    """A volume that outlives the session and is the same for everyone who names ``key``."""

    target: str
    key: str


@dataclass(frozen=True, kw_only=True)
class TmpfsMount:
    """An empty file system in memory; ``size`` in bytes, 0 = no limit of its own."""

    target: str
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class SecretMount:
    """A file that is only ever in memory."""

    target: str
    plaintext: bytes = field(repr=False)
    mode: int = 0o400
    uid: int = 0
    gid: int = 0


Mount = DirectoryMount | FileMount | CacheMount | TmpfsMount | SecretMount


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that has ended: for `commit`, `read` and `stat`, until the session ends."""

    id: str
    image: DockerImage
    targets: tuple[str, ...] = ()
    workdir: str = ""


@dataclass(frozen=True, kw_only=True)
class Exec:
    """How a command ended, and the container that it left."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    container: Container


@dataclass(frozen=True, kw_only=True)
class Stat:
    """What is at a path: ``mode`` holds permission bits (0o7777), ``link`` a symlink's resolved target."""

    name: str
    kind: Kind
    mode: int
    size: int
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that is ready: ``address`` is its IP on the run's network, seen from here if ``is_near``."""

    id: str
    address: str
    command: tuple[str, ...]
    is_near: bool


EventKind = Literal["step", "log", "pull", "push", "exec", "service", "sweep", "terminal"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened.

    ``name`` is the image, reference or command it belongs to; ``text`` one line for people (a build step's
    name, a log line, a registry's status); ``stream`` is "stdout" or "stderr" for log lines; ``seconds`` is
    the duration of what ended, 0 for what began or goes on.
    """

    kind: EventKind
    name: str
    text: str = ""
    stream: Literal["", "stdout", "stderr"] = ""
    seconds: float = 0.0


Listener = Callable[[Event], None]
# Takes who is told of keys, and of lines and columns, now and when they change; gives what shows output.
Connect = Callable[
    [Callable[[bytes], object], Callable[[int, int], object]],
    Callable[[bytes], object],
]
Terminal = Callable[[], AbstractContextManager[Connect]]


def ignore(event: Event) -> None:
    """The listener of those who do not listen."""
