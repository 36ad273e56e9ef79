"""From a command to the body of POST /containers/create, and the mounts that have to be made for it."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.local.docker import archive
from pipeline.local.docker.filesync import MTIME
from pipeline.local.docker.model import (
    CacheMount,
    Contents,
    DirectoryMount,
    DockerError,
    DockerImage,
    FileMount,
    Mount,
    SecretMount,
    TmpfsMount,
)
from pipeline.local.docker.owner import KIND, PREFIX
from pipeline.local.docker.run import Run
from pipeline.local.tree import Entry, Kind, Tree

INIT = "/dev/.init"  # NB: /dev is in memory, so the mount point leaves no file in a committed image
STAGE = "/.stage"
NO_FILES = Tree({})
_NO_STORE = "mounted directories and files need the store that holds their contents"
SMALL = 1 << 20  # bytes of a mounted file that may stand in memory for as long as its container is there
TINI = re.compile(rb"\[FATAL tini \(\d+\)\] exec (.+?) failed: (.+?)\n?$")


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run and how; see `Docker.execute` and `Docker.start`."""

    args: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    stdin: bytes = field(default=b"", repr=False)
    files: Tree = NO_FILES
    mounts: Sequence[Mount] = ()
    blobs: Contents | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    workdir: str | None = None
    hostname: str = ""
    insecure: bool = False
    gpus: bool = False
    init: bool = True
    name: str = ""

    @property
    def label(self) -> str:
        """What events call it."""
        return self.name or " ".join(self.args)


async def create(
    run: Run, image: DockerImage, command: Command, *, logs: Mapping[str, Any], network: str
) -> str:
    """Create a container for the command with its mounts; the name. Nothing is left if that fails."""
    name = run.name()
    try:
        mounts = [*await _staged(run, name, image, command), *_others(run, name, command)]
        await run.create(
            name, body(await run.without_volumes(image), command, mounts=mounts, logs=logs, network=network)
        )
        if command.files.entries:
            await archive.write(run.client, name, "/", _files(command))
    except BaseException:
        run.later(run.remove(name))
        raise
    return name


def _files(command: Command) -> Iterator[bytes]:
    if command.blobs is None:
        raise DockerError("new files need the store that holds their contents")
    entries = command.files.entries
    return archive.tar_of(((path, entries[path]) for path in command.files.paths), command.blobs)


def body(
    image: str,
    command: Command,
    *,
    mounts: Sequence[Mapping[str, Any]],
    logs: Mapping[str, Any],
    network: str,
) -> dict[str, Any]:
    """The body for ``image`` (an id)."""
    tini = static_tini() if command.init else ""
    start = [INIT, "--"] if tini else []
    binds = [_bind(tini, INIT, read_only=True)] if tini else []
    return {
        "Image": image,
        "Entrypoint": [*start, *command.args],
        "Cmd": [],
        "Env": [f"{name}={value}" for name, value in command.env.items()],
        **({} if command.user is None else {"User": command.user}),
        **({} if command.workdir is None else {"WorkingDir": command.workdir}),
        **({"Hostname": command.hostname} if command.hostname else {}),
        "Healthcheck": {"Test": ["NONE"]},
        "AttachStdin": bool(command.stdin),
        "OpenStdin": bool(command.stdin),
        "StdinOnce": bool(command.stdin),
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": {
            "Init": command.init and not tini,
            "Mounts": [*binds, *mounts],
            "NetworkMode": network,
            "ExtraHosts": [f"{name}:{address}" for name, address in command.hosts.items()],
            "Privileged": command.insecure,
            "LogConfig": logs,
            "DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}] if command.gpus else [],
        },
    }


@cache
def static_tini() -> str:
    """A tini of this machine that runs in any image, or "": then Docker's own init is PID 1."""
    return next((path for path in ("/usr/bin/tini-static", "/sbin/tini-static") if Path(path).is_file()), "")


def missing_program(stderr: bytes, exit_code: int) -> bytes | None:
    """What a Dagger engine says when the program cannot be started, None if it could.

    Where tini speaks of it with 126 or 127, a Dagger engine gives exit code 1.
    """
    match = TINI.search(stderr) if exit_code in {126, 127} else None
    if match is None:
        return None
    program, reason = match[1], match[2].lower()
    if b"/" not in program and reason == b"no such file or directory":
        return b'exec: "%s": executable file not found in $PATH' % program
    return b"fork/exec %s: %s" % (program, reason)


async def _staged(run: Run, container: str, image: DockerImage, command: Command) -> list[dict[str, Any]]:
    """Directories and files: unpacked into a volume by the daemon (any owner, any mode), bound from there."""
    entries: list[tuple[str, Entry]] = []
    binds: list[tuple[str, str]] = []
    for position, mount in enumerate(command.mounts):
        if isinstance(mount, FileMount) and _is_handy(run, mount):
            continue
        if isinstance(mount, DirectoryMount):
            entries += [
                (str(position), Entry(Kind.DIRECTORY, 0o755)),
                *archive.below(str(position), mount.tree),
            ]
        elif isinstance(mount, FileMount):
            entries.append((str(position), mount.entry))
        else:
            continue
        binds.append((str(position), mount.target))
    if not binds:
        return []
    if command.blobs is None:
        raise DockerError(_NO_STORE)
    volume, place = await run.volume()
    run.at_removal(container, lambda: run.remove_volume(volume))
    stage = run.name()
    mounts = [{"Type": "volume", "Source": volume, "Target": STAGE}]
    await run.create(stage, {"Image": image.id, "Entrypoint": ["/"], "HostConfig": {"Mounts": mounts}})
    try:
        await archive.write(run.client, stage, STAGE, archive.tar_of(entries, command.blobs))
    finally:
        run.later(run.remove(stage))
    return [_bind(f"{place}/{part}", target) for part, target in binds]


def _others(run: Run, container: str, command: Command) -> list[dict[str, Any]]:
    makers: dict[type, Callable[[Any], dict[str, Any]]] = {
        CacheMount: _cache,
        TmpfsMount: _tmpfs,
        SecretMount: lambda mount: _secret(run, container, mount),
        FileMount: lambda mount: _file(run, container, mount, command.blobs),
    }
    wanted = [m for m in command.mounts if not isinstance(m, FileMount) or _is_handy(run, m)]
    return [makers[type(mount)](mount) for mount in wanted if type(mount) in makers]


def _is_handy(run: Run, mount: FileMount) -> bool:
    """Whether the file can be bound from this machine, with any owner and mode: staging costs far more."""
    may_execute = not os.statvfs(run.folder).f_flag & os.ST_NOEXEC
    return run.client.is_local and os.geteuid() == 0 and may_execute and mount.entry.size <= SMALL


def _file(run: Run, container: str, mount: FileMount, blobs: Contents | None) -> dict[str, Any]:
    if blobs is None:
        raise DockerError(_NO_STORE)
    entry = mount.entry
    content = blobs.path(entry.content).read_bytes()
    path = _in_memory(run, container, content, mode=entry.mode, uid=entry.uid, gid=entry.gid)
    os.utime(path, (MTIME, MTIME))
    return _bind(str(path), mount.target)


def _cache(mount: CacheMount) -> dict[str, Any]:
    name = f"pipeline-cache-{hashlib.sha256(mount.key.encode()).hexdigest()[:32]}"
    options = {"NoCopy": True, "Labels": {KIND: "cache", f"{PREFIX}cache": mount.key}}
    return {"Type": "volume", "Source": name, "Target": mount.target, "VolumeOptions": options}


def _tmpfs(mount: TmpfsMount) -> dict[str, Any]:
    size = {"TmpfsOptions": {"SizeBytes": mount.size}} if mount.size else {}
    return {"Type": "tmpfs", "Target": mount.target, **size}


def _secret(run: Run, container: str, mount: SecretMount) -> dict[str, Any]:
    """A file of the run's folder, which is in memory and open to this user only."""
    path = _in_memory(run, container, mount.plaintext, mode=mount.mode, uid=mount.uid, gid=mount.gid)
    return _bind(str(path), mount.target, read_only=True)


def _in_memory(run: Run, container: str, content: bytes, *, mode: int, uid: int, gid: int) -> Path:
    """A file for a container to bind, gone with it."""
    path = run.folder / run.name()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    if os.geteuid() == 0:
        os.chown(path, uid, gid)
        path.chmod(mode)
    else:  # NB: another owner cannot be given; the folder keeps other users of this machine out
        path.chmod(mode | 0o444)
    run.at_removal(container, lambda: path.unlink(missing_ok=True))
    return path


def _bind(source: str, target: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}
