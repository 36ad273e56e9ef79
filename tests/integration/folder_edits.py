"""Every way to edit a file so that a careless look does not notice, and what then lies on disk."""

import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path

_COARSE = 5  # CLOCK_REALTIME_COARSE of <linux/time.h>: what files are stamped with


def on_disk(folder: Path) -> dict[str, object]:
    def of(path: Path) -> object:
        if path.is_symlink():
            return str(path.readlink())
        return None if path.is_dir() else (path.stat().st_mode & 0o777, path.read_bytes())

    return {str(path.relative_to(folder)): of(path) for path in folder.rglob("*")}


def rewrite(path: Path) -> None:
    """Other content of the same size, in the same inode, with the times that it had."""
    found, old = path.stat(), path.read_bytes()
    path.write_bytes(bytes(byte ^ 1 for byte in old))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def replace(path: Path) -> None:
    """Another file under the same name, of the same size and time."""
    found, beside = path.stat(), path.with_name("beside")
    beside.write_bytes(path.read_bytes()[::-1])
    beside.replace(path)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def swap(path: Path) -> None:
    """Two files exchange their names."""
    other = next(each for each in path.parent.iterdir() if each.is_file() and each != path)
    for origin, target in ((path, "x"), (other, path.name), (path.with_name("x"), other.name)):
        origin.rename(path.with_name(target))


def map_in(path: Path) -> None:
    """A program writes through a mapping."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0] = mapped[0] ^ 1


def relink(path: Path) -> None:
    link = path.with_name("link")
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)


def recase(path: Path) -> None:
    path.rename(path.with_name(path.name.swapcase()))


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def change_mode(path: Path) -> None:
    path.chmod(path.stat().st_mode ^ 0o111)


def remove(path: Path) -> None:
    path.unlink()
    path.with_name(f"{path.name}n").write_bytes(b"new")


EDITS: list[Callable[[Path], None]] = [
    rewrite,
    replace,
    swap,
    map_in,
    relink,
    recase,
    grow,
    change_mode,
    remove,
]


def tick() -> None:
    """Wait until what is written next has another time than all that was written before.

    NB: for that the kernel's coarse clock has to go on (clock_getres(2)): nobody can say how long that takes
    on a machine that shares its processors.
    """
    began = time.clock_gettime_ns(_COARSE)
    while time.clock_gettime_ns(_COARSE) == began:
        time.sleep(0.001)
