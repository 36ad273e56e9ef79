"""Go's os.FileMode, in which Docker and BuildKit tell what a path is: https://pkg.go.dev/io/fs#FileMode."""

from pipeline.local.tree import Kind

DEVICE, PIPE, SOCKET, CHARACTER, IRREGULAR = 1 << 26, 1 << 25, 1 << 24, 1 << 21, 1 << 19
KINDS = {
    Kind.DIRECTORY: 1 << 31,
    Kind.SYMLINK: 1 << 27,
    Kind.OTHER: DEVICE | PIPE | SOCKET | CHARACTER | IRREGULAR,
}
SPECIAL = {0o4000: 1 << 23, 0o2000: 1 << 22, 0o1000: 1 << 20}  # set-uid, set-gid, sticky


def to_go(mode: int, kind: Kind) -> int:
    """Permission bits (0o7777) and a kind, as Go has them."""
    special = sum(bit for unix, bit in SPECIAL.items() if mode & unix)
    return mode & 0o777 | special | KINDS.get(kind, 0)


def from_go(mode: int) -> tuple[int, Kind]:
    """Permission bits (0o7777), and the kind."""
    special = sum(unix for unix, bit in SPECIAL.items() if mode & bit)
    kind = next((kind for kind, bits in KINDS.items() if mode & bits), Kind.FILE)
    return mode & 0o777 | special, kind
