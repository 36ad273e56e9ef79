"""Who made a container, network or volume: labels of run and process, and a lock that lives as long."""

import fcntl
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "pipeline.local."
RUN = f"{PREFIX}run"
KIND = f"{PREFIX}kind"  # "run": goes with its run; "cache": stays


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A run: its id, and what tells its process from others, also after a reboot or in another container."""

    run: str
    pid: int
    started: int  # clock ticks after boot, field 22 of /proc/PID/stat: proc_pid_stat(5)
    boot: str
    namespace: str
    machine: str

    def labels(self, kind: str = "run") -> dict[str, str]:
        """The labels of everything that this run creates."""
        facts = {name: str(getattr(self, name)) for name in self.__dataclass_fields__}
        return {KIND: kind, **{f"{PREFIX}{name}": value for name, value in facts.items()}}


def owner_of(labels: Mapping[str, str]) -> Owner | None:
    """The run that these labels name, None if they are not ours or not whole."""
    try:
        facts = {name: labels[f"{PREFIX}{name}"] for name in Owner.__dataclass_fields__}
        return Owner(**{**facts, "pid": int(facts["pid"]), "started": int(facts["started"])})  # type: ignore[arg-type]
    except (KeyError, ValueError):
        return None


def this_process() -> Owner:
    """A new run of this process."""
    return Owner(
        run=secrets.token_hex(8),
        pid=os.getpid(),
        started=_started(os.getpid()) or 0,
        boot=_read("/proc/sys/kernel/random/boot_id"),
        namespace=_namespace(),
        machine=f"{socket.gethostname()}-{_read('/etc/machine-id')}",
    )


def is_dead(owner: Owner, here: Owner) -> bool:
    """Whether the owner's process is known to have ended. Unknown (another machine) is not dead."""
    if lock_is_held(owner.run):
        return False
    if owner.boot != here.boot:
        return owner.machine == here.machine
    return owner.namespace == here.namespace and _started(owner.pid) != owner.started


class Lock:
    """A directory of this run's own, locked while the process lives; the kernel lets go when it dies."""

    def __init__(self, run: str) -> None:
        self.folder = _folder() / run
        self.folder.mkdir(parents=True, mode=0o700)
        self._file = (self.folder / "lock").open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def release(self) -> None:
        """Remove the directory and let go."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._file.close()


def lock_is_held(run: str) -> bool:
    """Whether a living process holds this run's lock."""
    try:
        with (_folder() / run / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def due(name: str, *, every: float) -> bool:
    """Whether something that is to be done once in so many seconds, by whichever run, is this run's to do."""
    stamp = _folder() / f"{name}.stamp"
    with stamp.open("a") as file:
        age = time.time() - os.fstat(file.fileno()).st_mtime
        first = file.tell() == 0
        if not first and age < every:
            return False
        file.write(".")
    return True


def remove_dead_folders() -> None:
    """Remove the directories (with secret files) of runs whose lock nobody holds."""
    for folder in filter(Path.is_dir, _folder().iterdir()):
        young = time.time() - folder.stat().st_mtime < 5  # its owner may be about to lock it
        if not young and not lock_is_held(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """In memory where there is such a place: secret files are kept below it."""
    places = ["/dev/shm", os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()]  # noqa: S108
    place = next(place for place in places if place and os.access(place, os.W_OK | os.X_OK))
    folder = Path(place, f"pipeline-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to someone else")
    return folder


def _started(pid: int) -> int | None:
    """Start time of a living process, None if there is none."""
    stat = _read(f"/proc/{pid}/stat")
    # NB: the second field, the name in parentheses, may itself hold blanks and parentheses
    fields = stat.rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 and fields[0] not in "ZX" else None


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
