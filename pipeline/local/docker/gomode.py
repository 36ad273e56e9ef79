"""Go's os.FileMode, in which Docker and BuildKit tell what a path is: https://pkg.go.dev/io/fs#FileMode."""

DIRECTORY, SYMLINK = 1 << 31, 1 << 27
_OTHER = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19  # device, pipe, socket, character device, irregular
_SPECIAL = {0o4000: 1 << 23, 0o2000: 1 << 22, 0o1000: 1 << 20}  # set-uid, set-gid, sticky


def to_go(mode: int, kind: str) -> int:
    """Permission bits (0o7777) and "file", "directory" or "symlink" as Go has them."""
    special = sum(bit for unix, bit in _SPECIAL.items() if mode & unix)
    return mode & 0o777 | special | {"file": 0, "directory": DIRECTORY, "symlink": SYMLINK}[kind]


def from_go(mode: int) -> tuple[int, str]:
    """Permission bits (0o7777), and "file", "directory", "symlink" or "other"."""
    special = sum(unix for unix, bit in _SPECIAL.items() if mode & bit)
    if mode & DIRECTORY:
        kind = "directory"
    elif mode & SYMLINK:
        kind = "symlink"
    else:
        kind = "other" if mode & _OTHER else "file"
    return mode & 0o777 | special, kind
