"""Files whose content is known without reading them: they look as they did when they were read.

The rule is git's for its index (https://git-scm.com/docs/racy-git). A file holds what it held if device,
inode, size, time of the last write and time of the last change of any kind (ctime, which no program can set)
are the same to the nanosecond, and if nobody had touched it for a while when it was read: what is written
twice within one tick of the clock looks the same both times, and a program that writes through a mapping
(mmap) is noticed once in half a minute only (vm.dirty_expire_centisecs, proc_sys_vm(5)). Where the file
system is not one of the machine's own that are known to keep ctime, nothing is taken for known.

What is known is kept per folder in one JSON file, replaced at once: of runs at the same time the last one
wins, and each tells the truth.
"""

import json
import os
import tempfile
from collections.abc import Set
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pipeline.local.blobs import Looks, looks

MOST_FOLDERS, MOST_FILES = 20, 20_000  # about 170 bytes a file
SETTLED = 60.0  # seconds for which a file was left alone
_KEEP_CTIME = {"ext2", "ext3", "ext4", "xfs", "f2fs", "overlay", "zfs"}


@dataclass(kw_only=True)
class Seen:
    """The files of one folder by absolute path, those looked at last at the end; kept in ``file``."""

    file: Path | None = None
    known: dict[str, tuple[Looks, str]] = field(default_factory=dict)
    changed: bool = False

    def content(self, path: Path, found: os.stat_result) -> str:
        """The sha256 of what this file holds, "" if it has to be read."""
        told = self.known.pop(str(path), None)
        if told is None or told[0] != looks(found):
            return ""
        self.known[str(path)] = told
        return told[1]

    def note(self, path: Path, found: os.stat_result, sha: str, *, began: float) -> None:
        """Remember what a file holds that looked like ``found`` before it was read, which ``began`` then."""
        if found.st_ctime < began - SETTLED and looks(path.lstat()) == looks(found):
            self.known[str(path)] = (looks(found), sha)
            self.changed = True

    def save(self) -> None:
        """Keep it. NB: a home that cannot be written to only makes the next time slow."""
        if self.file is None or not self.changed:
            return
        self.changed = False
        newest = dict(list(self.known.items())[-MOST_FILES:])
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile("w", dir=self.file.parent, delete=False) as new:
                json.dump(newest, new)
            Path(new.name).replace(self.file)
            _drop(self.file.parent)
        except OSError:
            return


def _drop(place: Path) -> None:
    """Remove all but the newest, among them what killed processes have left half written."""
    ages = sorted(place.iterdir(), key=lambda file: file.stat().st_mtime)
    for file in ages[:-MOST_FOLDERS]:
        file.unlink(missing_ok=True)


def seen_of(folder: Path, *, place: Path | None) -> Seen:
    """What earlier runs have seen of a folder; without ``place`` nothing is known, nor kept."""
    if place is None:
        return Seen()
    file = place / f"{sha256(os.fsencode(folder)).hexdigest()[:32]}.json"
    try:
        told = json.loads(file.read_text())
        known = {path: (tuple(numbers), str(sha)) for path, (numbers, sha) in told.items()}
        os.utime(file)
    except (OSError, ValueError, TypeError, AttributeError):
        known = {}
    return Seen(file=file, known=known)


def trusted_devices() -> Set[int]:
    """The devices (st_dev) of mounted file systems that keep ctime."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    split = [line.partition(" - ") for line in mounts]
    kept = [fields.split()[2].split(":") for fields, _, rest in split if rest.split()[0] in _KEEP_CTIME]
    return {os.makedev(int(major), int(minor)) for major, minor in kept}
