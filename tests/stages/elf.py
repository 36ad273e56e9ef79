"""Shared objects of a few bytes, for the loader's search: they need others and hold nothing."""

import platform
import struct
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

_MACHINES = {"x86_64": 62, "aarch64": 183}
_NEEDED, _HASH, _STRTAB, _SYMTAB, _STRSZ, _SYMENT, _SONAME, _RPATH, _RUNPATH = 1, 4, 5, 6, 10, 11, 14, 15, 29
_HEADERS, _SYMBOL, _PAGE = 64 + 2 * 56, 24, 0x1000


def shared_object(path: Path, *, needed: Sequence[str] = (), rpath: str = "", runpath: str = "") -> None:
    """Write one whose DT_NEEDED, DT_RPATH and DT_RUNPATH are these; its soname is the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tags = [*((_NEEDED, name) for name in needed), (_SONAME, path.name)]
    tags += [(tag, text) for tag, text in ((_RPATH, rpath), (_RUNPATH, runpath)) if text]
    words = [f"{text}\0".encode() for _, text in tags]
    strings = b"\0" + b"".join(words)
    places = accumulate(map(len, words[:-1]), initial=1)
    dynamic = [(tag, place) for (tag, _), place in zip(tags, places, strict=True)]
    start = _HEADERS + (len(dynamic) + 6) * 16
    table = struct.pack("<4I", 1, 1, 0, 0)  # one bucket, one symbol, which is none
    dynamic += [(_HASH, start), (_SYMTAB, start + len(table)), (_SYMENT, _SYMBOL)]
    dynamic += [(_STRTAB, start + len(table) + _SYMBOL), (_STRSZ, len(strings)), (0, 0)]
    entries = b"".join(struct.pack("<QQ", *entry) for entry in dynamic)
    whole = _headers(len(entries), start + len(table) + _SYMBOL + len(strings))
    path.write_bytes(whole + entries + table + bytes(_SYMBOL) + strings)


def _headers(dynamic: int, size: int) -> bytes:
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    shape = (3, _MACHINES[platform.machine()], 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    load = (1, 6, 0, 0, 0, size, size, _PAGE)
    there = (2, 6, _HEADERS, _HEADERS, _HEADERS, dynamic, dynamic, 8)
    return ident + struct.pack("<HHIQQQIHHHHHH", *shape) + struct.pack("<" + "IIQQQQQQ" * 2, *load, *there)
