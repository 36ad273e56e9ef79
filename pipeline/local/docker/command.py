"""From a command to the body of POST /containers/create, and the mounts that have to be made for it."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.docker_host.client import DockerError
from pipeline.local.docker import archive, model
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.owner import KIND, PREFIX
from pipeline.local.tar import MTIME, tar_of
from pipeline.local.tree import Entry, Kind, Tree

INIT = "/dev/.init"  # NB: /dev is in memory, so the mount point leaves no file in a committed image
STAGE = "/.stage"
NO_FILES = Tree({})
SMALL = 1 << 20  # bytes of a mounted file that may stand in memory for as long as its container is there
TINI = re.compile(rb"\[FATAL tini \(\d+\)\] exec (.+?) failed: (.+?)\n?$")


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run and how.

    ``env`` is added to the image's (secrets go here: they reach neither `commit` nor any image); ``files``
    are put over the image's own; ``hosts`` maps names to addresses of services (`Running.address`): with it
    the container joins the run's network. ``name`` is what events call it.
    """

    args: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    stdin: bytes = field(default=b"", repr=False)
    files: Tree = NO_FILES
    mounts: Sequence[model.Mount] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    workdir: str | None = None
    hostname: str = ""
    insecure: bool = False
    gpus: bool = False
    init: bool = True
    tty: bool = False
    name: str = ""

    @property
    def label(self) -> str:
        """What events call it."""
        return self.name or " ".join(self.args)


async def create(
    docker: Docker, image: model.DockerImage, command: Command, *, logs: Mapping[str, Any], network: str
) -> str:
    """Create a container for the command with its mounts; the name. Nothing is left if that fails."""
    name = docker.name()
    try:
        others = (_other(docker, name, mount) for mount in command.mounts)
        mounts = [*await _staged(docker, name, image, command), *filter(None, others)]
        quiet = await docker.without_volumes(image)
        is_local = docker.client.is_local
        body = _body(quiet, command, mounts=mounts, logs=logs, network=network, is_local=is_local)
        await docker.create(name, body)
        if paths := command.files.paths:
            files = ((path, command.files.entries[path]) for path in paths)
            await archive.write(docker, name, "/", tar_of(files, docker.blobs))
    except BaseException:
        docker.later(docker.remove(name))
        raise
    return name


def _body(
    image: str,
    command: Command,
    *,
    mounts: Sequence[Mapping[str, Any]],
    logs: Mapping[str, Any],
    network: str,
    is_local: bool,
) -> dict[str, Any]:
    """The body for ``image`` (an id)."""
    tini = static_tini() if command.init and is_local else ""
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
        "Tty": command.tty,
        "AttachStdin": bool(command.stdin) or command.tty,
        "OpenStdin": bool(command.stdin) or command.tty,
        "StdinOnce": bool(command.stdin) or command.tty,
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


def told(code: int, stdout: bytes, stderr: bytes) -> tuple[int, bytes, bytes]:
    """How a command ended, in a Dagger engine's words where its program could not be started.

    tini speaks of that with 126 or 127; a Dagger engine gives exit code 1.
    """
    match = TINI.search(stderr) if code in {126, 127} else None
    if match is None:
        return code, stdout, stderr
    program, reason = match[1], match[2].lower()
    if b"/" not in program and reason == b"no such file or directory":
        return 1, b"", b'exec: "%s": executable file not found in $PATH' % program
    return 1, b"", b"fork/exec %s: %s" % (program, reason)


async def _staged(
    docker: Docker, container: str, image: model.DockerImage, command: Command
) -> list[dict[str, Any]]:
    """Directories and files: unpacked into a volume by the daemon (any owner, any mode), bound from there."""
    entries: list[tuple[str, Entry]] = []
    binds: dict[str, str] = {}  # target by name in the volume
    for mount in command.mounts:
        part = str(len(binds))
        if isinstance(mount, model.DirectoryMount):
            entries.append((part, Entry(Kind.DIRECTORY, 0o755)))
            entries += [(f"{part}/{path}", mount.tree.entries[path]) for path in mount.tree.paths]
        elif isinstance(mount, model.FileMount) and not _is_handy(docker, mount):
            entries.append((part, mount.entry))
        else:
            continue
        binds[part] = mount.target
    if not binds:
        return []
    stage = await docker.idle(image, Mounts=[{"Type": "volume", "Target": STAGE}])
    docker.at_removal(container, lambda: docker.remove(stage))  # and with it the volume, which has no name
    await archive.write(docker, stage, STAGE, tar_of(entries, docker.blobs))
    mounts = (await docker.client.json("GET", f"containers/{stage}/json"))["Mounts"]
    place = next(mount["Source"] for mount in mounts if mount["Destination"] == STAGE)
    return [_bind(f"{place}/{part}", target) for part, target in binds.items()]


def _is_handy(docker: Docker, mount: model.FileMount) -> bool:
    """Whether the file can be bound from this machine, with any owner and mode: staging costs far more."""
    may_execute = not os.statvfs(docker.folder).f_flag & os.ST_NOEXEC
    return docker.client.is_local and os.geteuid() == 0 and may_execute and mount.entry.size <= SMALL


def _other(docker: Docker, container: str, mount: model.Mount) -> dict[str, Any] | None:
    match mount:
        case model.CacheMount(target=target, key=key):
            name = f"pipeline-cache-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
            options = {"NoCopy": True, "Labels": {KIND: "cache", f"{PREFIX}cache": key}}
            return {"Type": "volume", "Source": name, "Target": target, "VolumeOptions": options}
        case model.TmpfsMount(target=target, size=size):
            return {
                "Type": "tmpfs",
                "Target": target,
                **({"TmpfsOptions": {"SizeBytes": size}} if size else {}),
            }
        case model.SecretMount(target=target) if not docker.client.is_local:
            raise DockerError(f"a secret can be mounted ({target}) on a Docker Engine of this machine only")
        case model.SecretMount(target=target, plaintext=content, mode=mode, uid=uid, gid=gid):
            path = _in_memory(docker, container, content, Entry(Kind.FILE, mode, uid, gid))
            return _bind(str(path), target, read_only=True)
        case model.FileMount(target=target, entry=entry) if _is_handy(docker, mount):
            path = _in_memory(docker, container, docker.blobs.read(entry.content), entry)
            os.utime(path, (MTIME, MTIME))
            return _bind(str(path), target)
    return None


def _in_memory(docker: Docker, container: str, content: bytes, entry: Entry) -> Path:
    """A file in memory, open to this user only, for a container to bind; gone with it."""
    path = docker.folder / docker.name()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    if os.geteuid() == 0:
        os.chown(path, entry.uid, entry.gid)
        path.chmod(entry.mode)
    else:  # NB: another owner cannot be given; the folder keeps other users of this machine out
        path.chmod(entry.mode | 0o444)
    docker.at_removal(container, lambda: path.unlink(missing_ok=True))
    return path


def _bind(source: str, target: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}
