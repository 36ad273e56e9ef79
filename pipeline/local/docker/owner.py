"""Who made a container, network or volume: labels of run and process; and what runs of dead ones left."""

import asyncio
import json
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import folders
from pipeline.docker_host.client import Client
from pipeline.local.docker.model import Event, Listener
from pipeline.procfs import started_at

PREFIX = "pipeline.local."
RUN = f"{PREFIX}run"
KIND = f"{PREFIX}kind"  # "run": goes with its run; "cache": stays
# Where Docker lists what can carry labels, and the query that removes one of it; containers go first.
PLACES = {
    "containers": ("containers/json", {"force": "1", "v": "1"}),
    "networks": ("networks", {}),
    "volumes": ("volumes", {"force": "1"}),
    "images": ("images/json", {"noprune": "1"}),
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A run: its id, and what tells its process from others, also after a reboot or in another container."""

    run: str
    pid: int
    started: int  # clock ticks after boot, field 22 of /proc/PID/stat: proc_pid_stat(5)
    boot: str
    namespace: str
    machine: str

    def labels(self) -> dict[str, str]:
        """The labels of everything that this run creates."""
        facts = {name: str(getattr(self, name)) for name in self.__dataclass_fields__}
        return {KIND: "run", **{f"{PREFIX}{name}": value for name, value in facts.items()}}


def owner_of(labels: Mapping[str, str]) -> Owner | None:
    """The run that these labels name, None if they are not ours or not whole."""
    try:
        facts = {name: labels[f"{PREFIX}{name}"] for name in Owner.__dataclass_fields__}
        return Owner(**{**facts, "pid": int(facts["pid"]), "started": int(facts["started"])})  # type: ignore[arg-type]
    except (KeyError, ValueError):
        return None


def this_process() -> Owner:
    """A new run of this process."""
    namespace = Path("/proc/self/ns/pid")
    return Owner(
        run=secrets.token_hex(8),
        pid=os.getpid(),
        started=started_at(os.getpid()) or 0,
        boot=_read("/proc/sys/kernel/random/boot_id"),
        namespace=str(namespace.readlink()) if namespace.is_symlink() else "",
        machine=f"{socket.gethostname()}-{_read('/etc/machine-id')}",
    )


def is_dead(owner: Owner, here: Owner) -> bool:
    """Whether the owner's process is known to have ended. Unknown (another machine) is not dead."""
    if folders.is_held(_place() / owner.run):
        return False
    if owner.boot != here.boot:
        return owner.machine == here.machine
    return owner.namespace == here.namespace and started_at(owner.pid) != owner.started


def run_folder(run: str) -> folders.Folder:
    """A run's folder; it tells others that the run lives."""
    return folders.Folder(_place() / run)


def due(name: str, *, every: float) -> bool:
    """Whether something that is to be done once in so many seconds, by whichever run, is this run's to do."""
    with (_place() / f"{name}.stamp").open("a") as file:
        age = time.time() - os.fstat(file.fileno()).st_mtime
        if file.tell() and age < every:
            return False
        file.write(".")
    return True


async def sweep(client: Client, here: Owner, on_event: Listener) -> None:
    """Remove containers, networks, volumes and half-made images of runs whose process has ended."""
    seen = await _labelled(client, {KIND: "run"})
    found = (owner_of(item.get("Labels") or {}) for items in seen.values() for item in items)
    for owner in {owner for owner in found if owner}:
        if owner.run != here.run and is_dead(owner, here):
            count, _ = await remove_labelled(client, {RUN: owner.run})
            text = f"removed {count} things left by process {owner.pid}"
            on_event(Event(kind="sweep", name=owner.run, text=text))


def dead_folders() -> Iterator[Path]:
    """Those of runs whose process has ended; each is removed once it was looked at."""
    for folder in folders.dead(_place().iterdir()):
        yield folder
        folders.remove(folder)


async def remove_labelled(client: Client, labels: Mapping[str, str]) -> tuple[int, int]:
    """Remove whatever has all these labels (caches never); how many there were, and are not gone yet."""
    found = await _labelled(client, {KIND: "run", **labels})
    gone: list[Any] = []
    for kinds in (("containers",), ("networks", "volumes", "images")):
        work = [
            client.delete(f"{kind}/{item.get('Id') or item['Name']}", **PLACES[kind][1])
            for kind in kinds
            for item in found[kind]
        ]
        gone += await asyncio.gather(*work, return_exceptions=True)
    return len(gone), sum(each is not True for each in gone)


async def _labelled(client: Client, labels: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    filters = json.dumps({"label": [f"{name}={value}" for name, value in labels.items()]})
    params = {"filters": filters, "all": "1"}
    found = await asyncio.gather(*(client.json("GET", path, params=params) for path, _ in PLACES.values()))
    lists = [one.get("Volumes") or [] if isinstance(one, dict) else one for one in found]
    return dict(zip(PLACES, lists, strict=True))


def _place() -> Path:
    """Where runs have their folders: in memory where there is such a place, since they hold secrets."""
    places = ["/dev/shm", os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()]  # noqa: S108
    place = next(place for place in places if place and os.access(place, os.W_OK | os.X_OK))
    folder = Path(place, f"pipeline-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to someone else")
    return folder


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
