"""The network bridge of our dockerd. It has its own, so that another dockerd's docker0 is left alone.

By ioctl: `ip` is not installed everywhere (netdevice(7), linux/sockios.h).
"""

import fcntl
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import EngineError

NAME = "pipeline0"
_ADD_BRIDGE, _DELETE_BRIDGE = 0x89A0, 0x89A1
_SET_FLAGS, _SET_ADDRESS, _SET_NETMASK = 0x8914, 0x8916, 0x891C
_UP = 0x1
_INTERFACES = Path("/sys/class/net")
_SUBNETS = [ipaddress.IPv4Network(f"172.{n}.0.0/16") for n in range(30, 17, -1)] + [
    ipaddress.IPv4Network(f"10.{n}.0.0/16") for n in range(211, 251)
]


def ensure_bridge(name: str = NAME) -> None:
    """Create the bridge with a free subnet, unless it is there. Needs root."""
    try:
        with _alone(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            if (_INTERFACES / name).exists():
                return
            subnet = free_subnet(Path("/proc/net/route").read_text())
            fcntl.ioctl(control, _ADD_BRIDGE, name.encode() + b"\0")
            fcntl.ioctl(control, _SET_ADDRESS, _request(name, subnet[1]))
            fcntl.ioctl(control, _SET_NETMASK, _request(name, subnet.netmask))
            fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", name.encode(), _UP))
    except OSError as error:
        raise EngineError(
            f"the network bridge for containers cannot be made: {error.strerror}",
            where=name,
            next_step="a container needs --privileged; or name an existing Docker Engine in DOCKER_HOST",
        ) from error


def remove_bridge(name: str = NAME) -> bool:
    """Remove the bridge; whether it was there."""
    if not (_INTERFACES / name).exists():
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", name.encode(), 0))
        fcntl.ioctl(control, _DELETE_BRIDGE, name.encode() + b"\0")
    return True


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else here makes a bridge meanwhile: a subnet is taken only once its route is there."""
    place = os.open(_INTERFACES, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def free_subnet(routes: str) -> ipaddress.IPv4Network:
    """The first of our subnets that no route of ``/proc/net/route`` overlaps."""
    rows = [line.split() for line in routes.splitlines()[1:]]
    taken = [_network(destination=row[1], mask=row[7]) for row in rows if len(row) > 7]
    taken = [network for network in taken if network.prefixlen > 0]
    for subnet in _SUBNETS:
        if not any(subnet.overlaps(network) for network in taken):
            return subnet
    raise EngineError("no private subnet is free for containers", where="/proc/net/route")


def _network(*, destination: str, mask: str) -> ipaddress.IPv4Network:
    address, netmask = (socket.inet_ntoa(struct.pack("<I", int(text, 16))) for text in (destination, mask))
    return ipaddress.IPv4Network((address, netmask), strict=False)


def _request(name: str, address: ipaddress.IPv4Address) -> bytes:
    return struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, address.packed)
